import { inspect } from "node:util";
import { cmd, type Part } from "./core/cmd.ts";
import { ambient, narrowed, type Scope } from "./core/scope.ts";
import { Secret } from "./core/secret.ts";
import type { Move, Step } from "./core/step.ts";
import { type Action, type Modify, plainTime } from "./image/action.ts";
import type { BaseRef } from "./image/base.ts";
import type { Built } from "./image/build.ts";
import { checking, type Report } from "./image/checking.ts";
import { type DiskWords, diskWords } from "./image/disk-words.ts";
import type { EngineName } from "./image/engine.ts";
import { type FileWords, fileWords } from "./image/file-words.ts";
import { identify } from "./image/identify.ts";
import { hostLabel, type IdentityWords, identityWords } from "./image/identity-words.ts";
import { detailsOf, summaryOf } from "./image/listing.ts";
import { building, foreseen, saving } from "./image/making.ts";
import {
  type Published,
  type PublishWords,
  publishing,
  type Verified,
  verifying,
} from "./image/publishing.ts";
import { type ReadingWords, readingWords } from "./image/reading.ts";
import { type Shown, showing } from "./image/show.ts";
import { bare, type ImageSpec, imageName, keyOf, sha256Of } from "./image/spec.ts";
import { identityFor, type Tenant } from "./image/tenant.ts";
import type { ToolboxOptions } from "./toolbox.ts";

export type { Finding, Severity } from "./check.ts";
export type { RemoteBase } from "./download.ts";
export type { BaseRef } from "./image/base.ts";
export type { Built } from "./image/build.ts";
export type { Report } from "./image/checking.ts";
export type { EngineName } from "./image/engine.ts";
export type { FileOptions, FileWords, Where } from "./image/file-words.ts";
export type { BootWords, WifiWords } from "./image/identity-words.ts";
export type { UserWords } from "./image/people.ts";
export type { Published, PublishWords, Verified } from "./image/publishing.ts";
export type { Listed } from "./image/reading.ts";
export type { Recording } from "./image/recorder.ts";
export type { Shown } from "./image/show.ts";
export type { Values } from "./image/template.ts";
export type { Context, Tenant } from "./image/tenant.ts";

/**
 * An image, described: immutable, every word returns a new description, and nothing is written by saying it. First the
 * image is given its identity, then edits and commands are done in the order in which they were said.
 */
export interface Image extends FileWords<Image>, IdentityWords<Image>, DiskWords<Image>, ReadingWords {
  /** What came out of the words so far. */
  readonly spec: ImageSpec;
  /** The file name that the result would have, ending in `.img.xz`. */
  readonly name: string;
  /**
   * Edits by a function that may also look, and knows the machine that the image is for. It is called whenever the
   * image is made, named or planned, so it must depend on nothing but what it is given; the image's id depends on what
   * it did, or on `key` where one is given (needed after a `run`).
   */
  modify(change: Modify["change"], words?: { readonly key?: string }): Image;
  /** A command line inside the image, as root, with every part quoted; needs an engine that can run. */
  run(pieces: TemplateStringsArray, ...parts: readonly Part[]): Image;
  /** Has it made there and nowhere else; otherwise the least privileged engine that can. `toolbox` is of its container. */
  engine(name: EngineName, toolbox?: ToolboxOptions): Image;
  /** The time of all that is written, in seconds or as a date; otherwise the base's own last write. */
  epoch(time: number | Date): Image;
  /** Refuses a base that hashes to anything else (`IMAGE_DIGEST`). */
  sha256(hex: string): Image;
  /** The user's own name for the result. */
  key(name: string): Image;
  /** The hostname, network and SSH host key of one node. */
  for(tenant: Tenant): Image;
  /** A name for what would come out: base and description hashed. Reads the base once; later from memory. */
  identify(signal: AbortSignal): Promise<string>;
  /** The moves of `build()` as a plan shows them, with what functions would do. Writes nothing. */
  foresee(scope: Scope): Promise<readonly Move[]>;
  /** Edits and splices; nothing is stored, the result can be streamed or saved as often as wanted. */
  build(): Step<Built>;
  /** Builds, and writes the `.img.xz` to a path (the disk itself, sparse, to one that ends in `.img`), whole or not at all. */
  save(path: string): Step<Built>;
  /**
   * Builds, and writes the image into a folder with what describes it: `.json` (metadata), `.bmap`, `.spdx.json`,
   * `.cdx.json`, `.diff.json`, and a `.sha256` of them all; whole or not at all.
   */
  publish(folder: string, words?: PublishWords): Step<Published>;
  /** Builds again and compares with the `.json` of a published one; `IMAGE_DIFFERS` names the stage that is not the same. */
  verify(claim: string): Step<Verified>;
  /** Looks for mistakes in the image as it would be made, or in the base where nothing is described. Stores nothing. */
  check(): Step<Report>;
  /** Tells what the base is: its layout, its system, and who would edit it. */
  show(): Step<Shown>;
  /** The description for people and files; secrets are `***`, contents are told by their size. */
  toJSON(): object;
  /** The description in one line. */
  toString(): string;
}

/**
 * An image made from a base: a file of this machine, an https address, or an entry of the catalogue. A `TypeError` for
 * anything else, `DOWNLOAD_UNSAFE` for plain HTTP without a digest.
 */
export const image = (base: BaseRef): Image => refine(bare(base));

function refine(spec: ImageSpec): Image {
  const tell = (action: Action) =>
    refine({ ...spec, actions: [...spec.actions, inOrder(action, spec.actions)] });
  const text = () => `image ${spec.base} with ${summaryOf(spec)}`;
  const shown = { toString: text, [inspect.custom]: text };
  return {
    spec,
    name: imageName(spec),
    ...fileWords(tell),
    ...identityWords(spec.identity, (identity) => refine({ ...spec, identity })),
    ...diskWords(spec.disk, (disk) => refine({ ...spec, disk })),
    ...readingWords(spec),
    modify: (change, { key } = {}) => tell({ kind: "modify", change, ...(key === undefined ? {} : { key }) }),
    run: (pieces, ...parts) => {
      const { text: command, shown: said } = cmd(pieces, ...parts);
      return tell({ kind: "run", command: command === said ? command : new Secret(command), shown: said });
    },
    engine: (name, toolbox) => refine({ ...spec, engine: { name, ...(toolbox ? { toolbox } : {}) } }),
    epoch: (time) => refine({ ...spec, epoch: plainTime(time) }),
    sha256: (hex) => refine({ ...spec, sha256: sha256Of(hex) }),
    key: (key) => refine({ ...spec, key: keyOf(key) }),
    for: (tenant) => {
      const identity = identityFor(spec.identity, { ...tenant, hostname: hostLabel(tenant.hostname) });
      return refine({ ...spec, subject: tenant.label, slot: tenant.slot, identity });
    },
    identify: (signal) => identify(spec, narrowed(ambient(), { signal })),
    foresee: (scope) => foreseen(spec, scope),
    build: () => building(spec),
    save: (path) => saving(spec, path),
    publish: (folder, words) => publishing(spec, folder, words),
    verify: (claim) => verifying(spec, claim),
    check: () => checking(spec),
    show: () => showing(spec),
    toJSON: () => ({ ...spec, actions: undefined, name: imageName(spec), does: detailsOf(spec) }),
    ...shown,
  };
}

/** The action as it is; a `TypeError` for a function after a command, whose effect cannot be known before it is run. */
function inOrder(action: Action, earlier: readonly Action[]): Action {
  const blind = "change" in action && action.key === undefined && earlier.some(({ kind }) => kind === "run");
  if (!blind) return action;
  throw new TypeError(
    `a function after a run needs a key, a word for what it does: ${action.kind}(…, { key: "…" })`,
  );
}
