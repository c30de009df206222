import { createHash } from "node:crypto";
import { TpiError } from "../core/fault.ts";

/** The user's key as it is kept: in Unicode's composed form. `CACHE_KEY` for what cannot be one. */
export function cacheKey(words: string): string {
  const key = words.normalize("NFC");
  const why = trouble(key);
  if (why) throw new TpiError("CACHE_KEY", { key: words, why });
  return key;
}

const longest = 512;

function trouble(key: string): string | undefined {
  if (key === "") return "it is empty";
  if (key.length > longest) return `it has ${key.length} characters, and ${longest} is the most`;
  if (/\p{Cc}/u.test(key)) return "it holds a control character";
  if (/\p{Surrogate}/u.test(key)) return "it holds half of a character";
  if (key.trim() !== key) return "it begins or ends with a blank";
  return undefined;
}

// what is a name on every file system, also on those that take `A` for `a`
const plain = /^[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9_-])?$/;
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file: names of devices, with any extension
const device = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/;

/**
 * The file name, without an extension, that a key is kept under: the key itself where that is a name everywhere,
 * otherwise its readable part and a hash. Two keys never share one, and none leaves its folder.
 */
export function fileNameOf(key: string): string {
  if (plain.test(key) && !device.test(key)) return key;
  const readable = key
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replaceAll(/^[^a-z0-9]+/g, "")
    .slice(0, 60);
  const hash = createHash("sha256").update(key).digest("hex").slice(0, 24);
  return `${readable}~${hash}`; // a plain name holds no tilde
}
