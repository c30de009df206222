/** The parameters of a request: form rules, the last of a repeated key wins, a key without `=` is there and empty. */
export interface Query {
  /** As it came, which the daemon routes transfers by. */
  readonly raw: string;
  has(key: string): boolean;
  text(key: string): string | undefined;
}

/** The query of a raw query string, without its `?`. */
export function query(raw: string): Query {
  const values = new Map(new URLSearchParams(raw));
  return { raw, has: (key) => values.has(key), text: (key) => values.get(key) };
}

/** A parameter that is missing or wrong; the message is the daemon's own. */
export type Parsed<T> = { readonly value: T } | { readonly wrong: string };

/** The parameter `node`, 0 to 3; cut to 8 bits first, so that 256 is node 0, as in the daemon. */
export const nodeOf = (from: Query): Parsed<number> =>
  numberOf(from, { key: "node", top: 3, name: "node IDs" });

/** A whole number from 0 to `top`. */
export function numberOf(from: Query, want: { key: string; top: number; name?: string }): Parsed<number> {
  const text = from.text(want.key);
  if (text === undefined) return { wrong: `Missing \`${want.key}\` parameter` };
  if (!/^\d+$/.test(text)) return { wrong: `Parameter \`${want.key}\` is not a number` };
  const value = want.key === "node" ? Number(BigInt.asUintN(8, BigInt(text))) : Number(text);
  const range = `0..${want.top}${want.name ? ` of ${want.name}` : ""}`;
  if (value > want.top) return { wrong: `Parameter \`${want.key}\` is out of range ${range}` };
  return { value };
}
