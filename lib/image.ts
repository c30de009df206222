import { TpiError } from "./core/fault.ts";
import { type Step, step } from "./core/step.ts";
import { type Built, buildImage, identify } from "./image/build.ts";
import {
  bare,
  editsText,
  type FileWords,
  fileOf,
  type ImageSpec,
  imageName,
  type UserWords,
  userOf,
} from "./image/spec.ts";
import type { HostKey, Nic } from "./os.ts";

export type { Built } from "./image/build.ts";
export type { FileWords, UserWords } from "./image/spec.ts";

/** Whoever an image can be made for: a node of a board, or anything else with a name and a place in the network. */
export interface Tenant {
  /** How plans and progress call it. */
  readonly label: string;
  readonly hostname: string;
  readonly nics: readonly Nic[];
  readonly hostKey: HostKey;
}

/** An image, described: immutable, every word returns a new description, and nothing is read or written by saying it. */
export interface Image {
  /** What came out of the words so far. */
  readonly spec: ImageSpec;
  /** The file name that the result would have, ending in `.img.xz`. */
  readonly name: string;
  hostname(name: string): Image;
  /** Adds a network port; where none is described, the image's own network settings stay. */
  nic(nic: Nic): Image;
  /** Adds a user; once one is described, the image's own first user is not made. */
  user(name: string, words?: UserWords): Image;
  timezone(zone: string): Image;
  hostKey(key: HostKey): Image;
  /** Writes a file on the root file system, in place of what is there; mode 0644, owner root, unless said otherwise. */
  write(path: string, content: string | Uint8Array, words?: FileWords): Image;
  /** Refuses a base that hashes to anything else (`IMAGE_DIGEST`). */
  sha256(hex: string): Image;
  /** The user's own name for the result. */
  key(name: string): Image;
  /** The hostname, network and SSH host key of one node. */
  for(tenant: Tenant): Image;
  /** A name for what would come out: base and description hashed. Reads the base once; later from memory. */
  identify(signal: AbortSignal): Promise<string>;
  /** Edits and splices; nothing is stored, the result can be streamed or saved as often as wanted. */
  build(): Step<Built>;
  /** Builds, and writes the `.img.xz` to a path, whole or not at all. */
  save(path: string): Step<Built>;
}

/** An image made from a base file (`.img` or `.img.xz`) on this machine. A `TypeError` for anything but a path. */
export function image(base: string): Image {
  if (base.trim() === "") throw new TpiError("IMAGE_MISSING", { path: '""' });
  return refine(bare(base));
}

function refine(spec: ImageSpec): Image {
  const { identity } = spec;
  const also = (change: Partial<ImageSpec["identity"]>) =>
    refine({ ...spec, identity: { ...identity, ...change } });
  return {
    spec,
    name: imageName(spec),
    hostname: (hostname) => also({ hostname: hostLabel(hostname) }),
    nic: (nic) => also({ nics: [...identity.nics, nic] }),
    user: (name, words = {}) =>
      also({ users: [...identity.users.filter((user) => user.name !== name), userOf(name, words)] }),
    timezone: (timezone) => also({ timezone }),
    hostKey: (hostKey) => also({ hostKey }),
    write: (path, content, words = {}) =>
      refine({
        ...spec,
        edits: [...spec.edits.filter((edit) => edit.path !== path), fileOf(path, content, words)],
      }),
    sha256: (hex) => refine({ ...spec, sha256: sha256Of(hex) }),
    key: (key) => refine({ ...spec, key: keyOf(key) }),
    for: ({ label, hostname, nics, hostKey }) =>
      refine({
        ...spec,
        subject: label,
        identity: { ...identity, hostname: hostLabel(hostname), nics, hostKey },
      }),
    identify: (signal) => identify(spec, signal),
    build: () =>
      step({ ...deed(spec), perform: (doing) => doing.move("image", () => buildImage(spec, doing)) }),
    save: (path) => saving(spec, path),
  };
}

function deed(spec: ImageSpec) {
  const name = imageName(spec);
  return {
    label: `make ${name}`,
    subject: spec.subject,
    moves: [
      { kind: "image", subject: spec.subject, text: `${spec.base} with ${editsText(spec)} -> ${name}` },
    ],
    depends: { ...spec, identity: { ...spec.identity, hostKey: spec.identity.hostKey?.fingerprint } },
    standIn: (): Built => standIn(name),
  };
}

function saving(spec: ImageSpec, path: string): Step<Built> {
  const described = deed(spec);
  const save = { kind: "save", subject: spec.subject, text: `write ${path}` };
  return step({
    ...described,
    label: `save ${path}`,
    moves: [...described.moves, save],
    perform: async (doing) => {
      const built = await doing.move("image", () => buildImage(spec, doing));
      await doing.move("save", () => built.save(path, doing));
      return built;
    },
  });
}

/** What a plan goes on with where a built image would be. */
const standIn = (name: string): Built => ({
  name,
  id: "planned",
  os: "planned",
  size: 0,
  sha256: "",
  blocks: { dirty: 0, total: 0 },
  stream: () => {
    throw new TypeError(`${name} is only planned`);
  },
  unpacked: () => Promise.reject(new TypeError(`${name} is only planned`)),
  save: () => Promise.reject(new TypeError(`${name} is only planned`)),
});

function hostLabel(name: string): string {
  if (/^(?!-)[a-z0-9-]{1,63}(?<!-)$/i.test(name)) return name.toLowerCase();
  throw new TypeError(`"${name}" is not a host name (letters, digits and inner hyphens, at most 63)`);
}

function sha256Of(hex: string): string {
  if (/^[0-9a-f]{64}$/i.test(hex)) return hex.toLowerCase();
  throw new TypeError(`"${hex}" is not a sha256 in hex`);
}

function keyOf(key: string): string {
  if (/^[\w.+-]{1,100}$/.test(key) && !key.startsWith(".")) return key;
  throw new TypeError(
    `"${key}" is not a key: letters, digits and . _ + - only, at most 100, not starting with a dot`,
  );
}
