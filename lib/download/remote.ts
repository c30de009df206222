/** A base image that is fetched once and kept in the cache. */
export interface RemoteBase {
  /** `https:`; also `http:` where a digest is given. */
  readonly url: string;
  /** Of the file as it is published, in hex. */
  readonly sha256?: string;
  /** Where digests are published, as `sha256sum` or `sha512sum` print them; used where `sha256` is absent. */
  readonly sums?: string;
  /** Bytes of the published file; any other length is refused before it is fetched. */
  readonly size?: number;
  /** What it is, for people. */
  readonly title?: string;
  /** What the cache calls it, beside its digest: `baseimg:ubuntu:22.04:rk1`. */
  readonly key?: string;
}

/** The last part of a URL's path, as a file name. */
export function fileNameOf(url: string): string {
  const last = decodeURIComponent(new URL(url).pathname).split("/").at(-1) ?? "";
  return last.replaceAll(/[^\w.+-]/g, "_").replace(/^\.+/, "") || "image";
}
