import { scryptSync } from "node:crypto";
import { inspect } from "node:util";

const known = new Set<string>();

/** A value that prints as `***` wherever it is shown; only {@link Secret.reveal} gives it away. */
export class Secret {
  readonly #value: string;
  #fingerprint: string | undefined;

  constructor(value: string) {
    this.#value = value;
    if (value.length >= 4) for (const form of formsOf(value)) known.add(form);
  }

  /** The value itself, for the one call that sends it. */
  reveal(): string {
    return this.#value;
  }

  /** A slow salted hash that may stand in a digest: short passwords are as hard to guess from it as from /etc/shadow. */
  get fingerprint(): string {
    this.#fingerprint ??= scryptSync(this.#value, "tpi secret", 16).toString("hex");
    return this.#fingerprint;
  }

  toString(): string {
    return "***";
  }

  toJSON(): string {
    return "***";
  }

  [inspect.custom](): string {
    return "***";
  }
}

/** The value as a {@link Secret}, left alone when it is one already. */
export const secret = (value: string | Secret): Secret =>
  value instanceof Secret ? value : new Secret(value);

/** As it is, and as it stands in JSON and between a shell's single quotes. */
const formsOf = (value: string): readonly string[] => [
  value,
  JSON.stringify(value).slice(1, -1),
  value.replaceAll("'", `'\\''`),
];

/** The text with every secret that this process has seen (of four characters or more) replaced by `***`. */
export function redact(text: string): string {
  const longestFirst = [...known].sort((a, b) => b.length - a.length); // one secret may begin with another
  let clean = text;
  for (const value of longestFirst) clean = clean.replaceAll(value, "***");
  return clean;
}
