import { readFileSync } from "node:fs";
import { TpiError } from "../core/fault.ts";
import { Secret } from "../core/secret.ts";
import { expanded } from "./spec.ts";

/** What stands in the places of a template. */
export type Values = Readonly<Record<string, string | number | Secret>>;

const place = /\{\{\s*([A-Za-z_]\w*)\s*\}\}/g;

/**
 * A template: text where the string has a line break or a place in it, and otherwise the file of that path.
 * `FILE_MISSING` where there is none.
 */
export function templateText(source: string): { readonly from: string; readonly text: string } {
  if (/\n|\{\{/.test(source)) return { from: "(text)", text: source };
  const from = expanded(source);
  try {
    return { from, text: readFileSync(from, "utf8") };
  } catch (cause) {
    throw new TpiError("FILE_MISSING", { path: from, what: "template" }, { cause });
  }
}

/**
 * The text with a value in every `{{name}}`; other braces stay. Secret where a value of it is. `TEMPLATE_UNFIT` for a
 * place without a value, and for a value without a place unless it is one of `around`, which need not be used.
 */
export function filled(
  template: { readonly from: string; readonly text: string; readonly values: Values },
  around: Values,
): string | Secret {
  const { from, text, values } = template;
  const all: Values = { ...around, ...values };
  const places = new Set([...text.matchAll(place)].map(([, name = ""]) => name));
  const unknown = [...places].filter((name) => !Object.hasOwn(all, name));
  const unused = Object.keys(values).filter((name) => !places.has(name));
  if (unknown.length + unused.length > 0) {
    const [missing, idle] = [unknown.join(" "), unused.join(" ")];
    throw new TpiError("TEMPLATE_UNFIT", { template: from, unknown: missing, unused: idle });
  }
  const result = text.replaceAll(place, (_, name: string) => plain(all[name]));
  return [...places].some((name) => all[name] instanceof Secret) ? new Secret(result) : result;
}

const plain = (value: Values[string] | undefined): string =>
  value instanceof Secret ? value.reveal() : String(value);
