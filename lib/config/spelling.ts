import { createHash } from "node:crypto";

/**
 * A sha256 certificate fingerprint in Node's spelling (`AB:CD:…`), from hex with or without colons, openssl's
 * `sha256 Fingerprint=…`, or base64 as in `SHA256:…`; undefined for anything else.
 */
export function certificateFingerprint(text: string): string | undefined {
  const bare = text.trim().replace(/^sha-?256\s*(fingerprint)?\s*[:=]\s*/i, "");
  const hex = bare.replaceAll(/[:\s]/g, "");
  if (/^[0-9a-f]{64}$/i.test(hex)) return colons(hex.toUpperCase());
  const bytes = base64(bare);
  return bytes && colons(bytes.toString("hex").toUpperCase());
}

/**
 * A host key's fingerprint in OpenSSH's spelling (`SHA256:…`, no padding), from that spelling or from the public key as
 * in known_hosts; undefined for anything else.
 */
export function hostKeyFingerprint(text: string): string | undefined {
  const blob = /(?:^|\s)(?:ssh|ecdsa)-[\w@.-]+\s+([A-Za-z0-9+/]+=*)/.exec(text)?.[1];
  if (blob) return sha256Text(createHash("sha256").update(Buffer.from(blob, "base64")).digest());
  const bytes = base64(text.trim().replace(/^SHA256:/, ""));
  return bytes && sha256Text(bytes);
}

/** A MAC address in lower case with colons, from colons, dashes, dots or none; undefined for anything else. */
export function macAddress(text: string): string | undefined {
  const usual = /^([0-9a-f]{2}([:-]?)[0-9a-f]{2}(\2[0-9a-f]{2}){4}|([0-9a-f]{4}\.){2}[0-9a-f]{4})$/i;
  return usual.test(text) ? colons(text.replaceAll(/[:.-]/g, "").toLowerCase()) : undefined;
}

const colons = (hex: string): string => (hex.match(/../g) ?? []).join(":");

const sha256Text = (bytes: Buffer): string => `SHA256:${bytes.toString("base64").replace(/=+$/, "")}`;

function base64(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]{43}=?$/.test(text)) return undefined;
  return Buffer.from(text, "base64");
}
