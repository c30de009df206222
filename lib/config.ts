import { readFile } from "node:fs/promises";
import { boardNamed, overridden } from "./config/environment.ts";
import { configFile } from "./config/find.ts";
import { layered } from "./config/layers.ts";
import type { ConfigInput } from "./config/schema.ts";
import { type Config, settled } from "./config/settle.ts";
import { written } from "./config/written.ts";
import { TpiError } from "./core/fault.ts";

export { editorSchema } from "./config/editor.ts";
export { configFile } from "./config/find.ts";
export type { Addressing, NodeConfig, Slot } from "./config/nodes.ts";
export type { ConfigInput, ModuleKind } from "./config/schema.ts";
export type { SecretSource } from "./config/secret.ts";
export type { BoardConfig, Config } from "./config/settle.ts";

/**
 * The configuration in force: the tpi.yaml that is found (docs/config.md has the order) under the TPI_* variables; or
 * `input`, which takes neither a file nor the environment into account. `CONFIG_MISSING` where there is nothing to
 * find, `CONFIG_INVALID`, `CONFIG_SYNTAX`, `CONFIG_VARIABLE` or `CONFIG_CYCLE` where it is wrong.
 */
export function config(input?: ConfigInput): Config {
  const here = { at: "config()", folder: process.cwd() };
  if (input !== undefined) return settled(written(input, here));
  const file = configFile();
  if (file !== undefined) return configIn(file);
  if (!boardNamed()) throw new TpiError("CONFIG_MISSING", { folder: process.cwd() });
  return settled(overridden(written({}, here)));
}

/** The configuration in one file, under the TPI_* variables. */
export const configIn = (file: string): Config => settled(overridden(layered(file)));

/** The authorized_keys lines of a configuration, its files read. `FILE_MISSING` where one is not there. */
export async function authorizedKeys({ keys }: Config, signal?: AbortSignal): Promise<readonly string[]> {
  const lines = keys.authorized.map(async (one) => {
    if (!one.startsWith("/")) return [one];
    const text = await readFile(one, { encoding: "utf8", signal }).catch((cause: Error) => {
      throw new TpiError("FILE_MISSING", { path: one, what: "public key" }, { cause });
    });
    return text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"));
  });
  return (await Promise.all(lines)).flat();
}
