import type { Readable } from "node:stream";
import type { Duration } from "../core/units.ts";
import type { Slot } from "./replies.ts";

/** Bytes of known size and digest, which can be streamed once or more. */
export interface Opened {
  readonly size: number;
  /** Of these very bytes: of the compressed ones where they are compressed. */
  readonly sha256: string;
  stream(signal: AbortSignal): Readable;
}

/** An image to upload. It is opened when the transfer is about to begin, not before. */
export interface Upload {
  readonly kind?: "upload";
  /** A file name; the controller unpacks what ends in `.xz`. */
  readonly name: string;
  open(signal: AbortSignal): Promise<Opened>;
  /** The same image unpacked, for firmware 2.0, which cannot unpack; `BMC_TOO_OLD` there without it. */
  unpacked?(signal: AbortSignal): Promise<Opened>;
}

/** An image in the controller's own file system, such as on its card; read again and compared over SSH first. */
export interface OnBoard {
  readonly kind: "file";
  readonly path: string;
  readonly sha256: string;
  /** What plans call it, where its path is not yet known or says nothing. */
  readonly title?: string;
}

/** An image that the controller fetches itself; the web server must say its length. */
export interface ByUrl {
  readonly kind: "url";
  readonly url: string;
  readonly sha256: string;
}

/** Where an image comes from. */
export type BmcImage = Upload | OnBoard | ByUrl;

/** A flash, as the controller does it. */
export interface FlashOrder {
  readonly slot: Slot;
  readonly from: BmcImage;
  /** Whether the controller reads back what it wrote and compares CRCs: `check` where not said. */
  readonly crc?: "check" | "skip";
  /** For how long nothing may change before the transfer counts as stuck; a minute. */
  readonly stall?: Duration;
}

/** A firmware upgrade: an image `*.tpu`. */
export interface UpgradeOrder {
  readonly from: BmcImage;
  readonly stall?: Duration;
}

/** The image in a few words, for plans. */
export function imageWords(image: BmcImage): string {
  if (image.kind === "file") return image.title ?? `${image.path} on the board`;
  return image.kind === "url" ? image.url : image.name;
}

/** The name that the upload of an image gets: a shell-safe base name that is not taken for a URL. */
export function wireName(name: string): string {
  const base = (name.split(/[/\\]/).pop() ?? "").replaceAll(/[^\w.-]/g, "-").replace(/^[-.]+/, "");
  return /^http/i.test(base) || base === "" ? `image-${base}` : base;
}

/** Whether the controller would unpack an image, which it tells by the ending alone. */
export function packed(image: BmcImage): boolean {
  const named =
    image.kind === "file" ? image.path : image.kind === "url" ? new URL(image.url).pathname : image.name;
  return named.endsWith(".xz");
}
