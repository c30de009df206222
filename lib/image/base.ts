import { homedir } from "node:os";
import { TpiError } from "../core/fault.ts";
import type { RemoteBase } from "../download.ts";

/** What an image can be made from: a file of this machine, a URL, or an entry of the catalogue. */
export type BaseRef = string | RemoteBase;

/** A base, said in one way. */
export type Base =
  | { readonly kind: "file"; readonly path: string }
  | ({ readonly kind: "remote" } & RemoteBase);

/** A base from what was said; a `TypeError` for what is neither path nor URL, `DOWNLOAD_UNSAFE` for plain HTTP. */
export function baseOf(ref: BaseRef): Base {
  if (typeof ref === "string" && !/^[a-z][a-z0-9+.-]+:\/\//i.test(ref)) {
    if (ref.trim() === "") throw new TpiError("IMAGE_MISSING", { path: '""' });
    return { kind: "file", path: ref.replace(/^~(?=\/|$)/, homedir()) };
  }
  const remote = typeof ref === "string" ? { url: ref } : ref;
  const { protocol, hash } = new URL(remote.url);
  const sha256 = remote.sha256 ?? /^#(?:sha256=)?([0-9a-f]{64})$/i.exec(hash)?.[1];
  if (protocol !== "https:" && protocol !== "http:")
    throw new TypeError(`"${remote.url}" is neither a file nor an https address`);
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256))
    throw new TypeError(`"${sha256}" is not a sha256 in hex`);
  const url = remote.url.replace(/#.*$/, "");
  if (protocol === "http:" && sha256 === undefined) throw new TpiError("DOWNLOAD_UNSAFE", { url });
  return { ...remote, kind: "remote", url, ...(sha256 ? { sha256: sha256.toLowerCase() } : {}) };
}

/** The path or address, as it stands in plans and faults. */
export const baseText = (base: Base): string => (base.kind === "file" ? base.path : base.url);
