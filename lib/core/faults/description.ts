import type { Fault } from "../fault.ts";

/** Faults of what an image is told to be: files of this machine, templates, owners by name. */
export const descriptionFaults = {
  OWNER_UNKNOWN: {
    exit: "refused",
    message: (p: { owner: string; kind: "user" | "group"; known: string }) =>
      `the image has no ${p.kind} for the owner "${p.owner}" (it has ${p.known || "none"})`,
    hint: "users that cloud-init or the first boot makes are not in the image yet: give numbers such as 1000:1000, or say firstBoot(name, `chown …`)",
  },
  HOST_KEY_UNFIT: {
    exit: "refused",
    message: (p: { why: string }) => `that is no host key which can be planted: ${p.why}`,
    hint: 'give the private half of one that `ssh-keygen -t ed25519 -N "" -f FILE` has made',
  },
  COPY_UNFIT: {
    exit: "refused",
    message: (p: { path: string; is: string }) =>
      `${p.path} is ${p.is}, which cannot be copied into an image`,
    hint: "files, folders and symbolic links are copied: take it out of the folder, or copy what is beside it",
  },
  TEMPLATE_UNFIT: {
    exit: "refused",
    message: (p: { template: string; unknown: string; unused: string }) =>
      [
        `the template ${p.template} does not go with its values:`,
        p.unknown && `no value for ${p.unknown}`,
        p.unused && `no place for ${p.unused}`,
      ]
        .filter(Boolean)
        .join(" "),
    hint: "a place is written {{name}}; hostname, node, slot and address are there without being given once the image is for a node",
  },
  TEXT_UNREADABLE: {
    exit: "refused",
    message: (p: { path: string }) => `${p.path} in the image is not UTF-8 text`,
    hint: "take its bytes inside modify, by fs.bytes(path), and write them changed by fs.write",
  },
} satisfies Record<string, Fault<never>>;
