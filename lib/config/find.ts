import { existsSync } from "node:fs";
import path from "node:path";
import { TpiError } from "../core/fault.ts";
import { homely } from "./locate.ts";

/** The value of `--name VALUE` or `--name=VALUE` among the recipe's arguments; `OPTION_VALUE` where it has none. */
export function argument(name: string): string | undefined {
  const words = process.argv.slice(2);
  const at = words.findIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  const word = words[at];
  if (word === undefined) return undefined;
  const joined = word.includes("=");
  const value = joined ? word.slice(word.indexOf("=") + 1) : words[at + 1];
  if (value && (joined || !value.startsWith("-"))) return value;
  const found = value ? `${value} follows it` : "none follows it";
  throw new TpiError("OPTION_VALUE", { option: `--${name}`, found });
}

/** The tpi.yaml in force: `--config FILE`, `TPI_CONFIG`, or the first one from here up to the root. */
export function configFile(): string | undefined {
  const named = argument("config") ?? process.env.TPI_CONFIG;
  if (named) return path.resolve(homely(named));
  return above(process.cwd());
}

function above(folder: string): string | undefined {
  const file = path.join(folder, "tpi.yaml");
  if (existsSync(file)) return file;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : above(parent);
}
