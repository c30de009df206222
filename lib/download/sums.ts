/** A digest as a publisher gives it. */
export interface Digest {
  readonly algorithm: "sha256" | "sha512";
  /** In lower case. */
  readonly hex: string;
}

/**
 * The digest that a list of sums gives for a file: lines of `sha256sum` or `sha512sum`, of BSD's `shasum --tag`, or a
 * lone digest. A list with a single line is about the file whatever it calls it: redirects give files other names.
 */
export function listedDigest(list: string, name: string): Digest | undefined {
  const lines = list.split(/\r?\n/).flatMap((line) => entryOf(line) ?? []);
  const own = lines.find((line) => line.name.split("/").at(-1) === name);
  const only = lines.length === 1 ? lines[0] : undefined;
  return (own ?? only)?.digest;
}

function entryOf(line: string): { name: string; digest: Digest } | undefined {
  const plain = /^\\?([0-9a-f]{64}|[0-9a-f]{128})(?:\s+\*?(.+?))?\s*$/i.exec(line);
  const tagged = /^SHA(?:256|512) \((.+)\) = ([0-9a-f]{64}|[0-9a-f]{128})\s*$/i.exec(line);
  const hex = plain?.[1] ?? tagged?.[2];
  if (hex === undefined) return undefined;
  const algorithm = hex.length === 64 ? "sha256" : "sha512";
  return { name: plain?.[2] ?? tagged?.[1] ?? "", digest: { algorithm, hex: hex.toLowerCase() } };
}
