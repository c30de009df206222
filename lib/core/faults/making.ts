import type { Fault } from "../fault.ts";

/** Faults of describing an image, making it, and bringing it onto a node that then boots. */
export const makingFaults = {
  IMAGE_MISSING: {
    exit: "refused",
    message: (p: { path: string }) => `there is no image file at ${p.path}`,
    hint: "name an .img or .img.xz file of this machine (image: in tpi.yaml, or TPI_IMAGE); `npx tpix base build` makes one for the virtual board",
  },
  IMAGE_DIGEST: {
    exit: "refused",
    message: (p: { path: string; want: string; got: string }) =>
      `${p.path} hashes to ${p.got}, not ${p.want}`,
    hint: "the download broke, or its publisher changed it: fetch it again, or pin the new digest",
  },
  KEY_INVALID: {
    exit: "refused",
    message: (p: { key: string }) => `"${p.key}…" is not a line for authorized_keys`,
    hint: "give the text of a public key (ssh-ed25519 AAAA…) or the path of a .pub file",
  },
  OS_UNKNOWN: {
    exit: "refused",
    message: (p: { found: string }) =>
      `the image holds no system whose way to take an identity is known: found ${p.found}`,
    hint: "see docs/images.md for the systems that are known; `tpix image show <file>` tells what is inside",
  },
  ROOT_SEALED: {
    exit: "refused",
    message: (p: { partition: number; what: string; why: string; found: string }) =>
      `no system can be reached: partition ${p.partition} is ${p.what}, ${p.why} (found ${p.found})`,
    hint: "customise an image whose root is a plain file system (ext4, btrfs, XFS, F2FS), and encrypt or pack it afterwards",
  },
  IDENTITY_UNFIT: {
    exit: "refused",
    message: (p: { os: string; what: string; why: string }) => `${p.os} cannot be given ${p.what}: ${p.why}`,
    hint: "leave it out, write the file that the system itself would read, or choose another system",
  },
  VOLUME_MISSING: {
    exit: "refused",
    message: (p: { volume: string }) => `the image has no ${p.volume} volume`,
    hint: "write to a path of the running system instead",
  },
  ENGINE_UNFIT: {
    exit: "refused",
    message: (p: { engine: string; why: string; wished?: boolean }) =>
      p.wished
        ? `the ${p.engine} engine cannot make this image: ${p.why}`
        : `no engine can make this image: ${p.why}`,
    hint: (p: { wished?: boolean }) =>
      `${p.wished ? "leave out .engine(…) to have one chosen, or " : ""}see docs/images.md for what each engine needs`,
  },
  SEED_UNREADABLE: {
    exit: "refused",
    message: (p: { found: string }) =>
      `the image's own user-data is not a cloud-config: it begins with ${JSON.stringify(p.found)}`,
    hint: "start from an image whose seed was not changed by another tool",
  },
  MODULE_NOT_FLASHABLE: {
    exit: "refused",
    message: (p: { node: string; module: string; why: string }) =>
      `${p.node} is a ${p.module}, which the board cannot flash: ${p.why}`,
    hint: "write its disk on another machine, or by the module's own tool",
  },
  NODE_UNKNOWN: {
    exit: "usage",
    message: (p: { slot: string; known: string }) =>
      `there is no node ${p.slot} in the configuration (there are ${p.known || "none"})`,
    hint: "add it under nodes: in tpi.yaml",
  },
  CONFIG_LACKS: {
    exit: "usage",
    message: (p: { what: string; say: string }) => `the configuration names no ${p.what}`,
    hint: (p: { say: string }) => `say \`${p.say}\` in tpi.yaml`,
  },
  NODE_BOOT_FAILED: {
    exit: "failed",
    message: (p: { node: string; what: string; line: string }) =>
      `${p.node} does not boot: ${p.what} (\`${p.line}\`)`,
    hint: "its console has the whole story: npx tpix console SLOT; the node was left on",
  },
  NODE_SILENT: {
    exit: "failed",
    message: (p: { node: string; limit: string; stage: string }) =>
      `${p.node} did not let us in within ${p.limit}; its console came as far as ${p.stage}`,
    hint: "look at its console, and whether its address is free and right; the node was left on. flash(…).to(…).again() writes its image anew",
  },
} satisfies Record<string, Fault<never>>;
