import { homedir } from "node:os";
import type { RemoteBase } from "../download.ts";
import type { Identity } from "../os.ts";
import type { ToolboxOptions } from "../toolbox.ts";
import type { Action } from "./action.ts";
import { type BaseRef, baseOf, baseText } from "./base.ts";
import type { DiskWishes } from "./disk-words.ts";
import type { EngineName } from "./engine.ts";

/** A customised image, described: nothing of it exists yet. */
export interface ImageSpec {
  /** A disk image on this machine, as `.img`, `.img.xz`, `.gz`, `.zst` or `.zip`; or a URL. */
  readonly base: string;
  /** All that is known of a base that is fetched. */
  readonly remote?: RemoteBase;
  /** What the base file must hash to. */
  readonly sha256: string | undefined;
  /** The user's own name for the result. */
  readonly key: string | undefined;
  /** Whom it is for, in plans and progress. */
  readonly subject: string;
  readonly slot: number | undefined;
  readonly identity: Identity;
  /** What is done to files and by commands, in order, after the identity has been given. */
  readonly actions: readonly Action[];
  readonly disk: DiskWishes;
  /** Seconds for every time that is written. */
  readonly epoch: number | undefined;
  readonly engine: EngineWish | undefined;
}

/** The engine that was asked for, and what was said of its container. */
export interface EngineWish {
  readonly name: EngineName;
  readonly toolbox?: ToolboxOptions;
}

/** The spec of a base file with nothing changed. */
export const bare = (ref: BaseRef): ImageSpec => ({
  ...startOf(ref),
  sha256: undefined,
  key: undefined,
  subject: "image",
  slot: undefined,
  identity: { nics: [], users: [] },
  actions: [],
  disk: {},
  epoch: undefined,
  engine: undefined,
});

function startOf(ref: BaseRef): Pick<ImageSpec, "base" | "remote"> {
  const base = baseOf(ref);
  if (base.kind === "file") return { base: base.path };
  const { kind: _, ...remote } = base;
  return { base: baseText(base), remote };
}

/** The file name of the result: the user's own key, or base and node, and `.img.xz`. */
export const imageName = ({ key, base, subject }: ImageSpec): string =>
  `${key ?? `${base.replace(/^.*\//, "").replace(/(\.(img|raw))?(\.(xz|gz|zst|zip))?$/, "")}-${subject}`}.img.xz`;

/** `~` as the home folder, the rest as it is. */
export const expanded = (file: string): string => file.replace(/^~(?=\/|$)/, homedir());

/** A sha256 in hex, in lower case; a `TypeError` for anything else. */
export function sha256Of(hex: string): string {
  if (/^[0-9a-f]{64}$/i.test(hex)) return hex.toLowerCase();
  throw new TypeError(`"${hex}" is not a sha256 in hex`);
}

/** A name for a file of the cache; a `TypeError` for what is not one. */
export function keyOf(key: string): string {
  if (/^[\w.+-]{1,100}$/.test(key) && !key.startsWith(".")) return key;
  throw new TypeError(
    `"${key}" is not a key: letters, digits and . _ + - only, at most 100, not starting with a dot`,
  );
}
