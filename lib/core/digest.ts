import { createHash } from "node:crypto";
import { Secret } from "./secret.ts";

/** The sha256, in hex, of a value's canonical JSON: keys sorted, secrets hashed, bytes by their own sha256. */
export function digestOf(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(canonical(value)))
    .digest("hex");
}

function canonical(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.fingerprint };
  if (value instanceof Uint8Array) return { sha256: createHash("sha256").update(value).digest("hex") };
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value === "bigint") return { bigint: String(value) };
  if (typeof value === "function") throw new TypeError("a function has no digest: describe what it does");
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, canonical(item)]),
  );
}
