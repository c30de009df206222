import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { base } from "../base.ts";
import { TpiError } from "../core/fault.ts";

/** A recipe to run, and what its environment is to say. */
export interface Run {
  readonly recipe: string;
  readonly args: readonly string[];
  readonly board?: string;
  readonly config?: string;
  readonly plan?: "text" | "json";
}

/** Runs a recipe in a process of its own, and ends as it ends. `FILE_MISSING`, `RECIPE_NAME`, `KIT_MISSING`. */
export async function run(wish: Run): Promise<void> {
  const file = path.resolve(wish.recipe);
  if (!existsSync(file)) throw new TpiError("FILE_MISSING", { path: file, what: "recipe" });
  if (!/\.[cm]?[jt]s$/.test(file)) throw new TpiError("RECIPE_NAME", { file: wish.recipe });
  mustFindKit(file);
  const there = await boardOf(wish);
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), file, ...wish.args], {
    env: { ...process.env, ...there, ...(wish.plan ? { TPI_PLAN: wish.plan } : {}) },
    stdio: "inherit",
  });
  // A terminal sends Ctrl-C to both; only the recipe knows what it must give back.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  const [code, signal]: readonly (number | NodeJS.Signals | null)[] = await once(child, "close");
  process.exit(typeof code === "number" ? code : 128 + numberOf(signal));
}

function mustFindKit(recipe: string): void {
  if (!/\b(from|import)\s*\(?\s*["']tpi["']/.test(readFileSync(recipe, "utf8"))) return;
  try {
    createRequire(realpathSync(recipe)).resolve("tpi");
  } catch (cause) {
    const kit = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
    const details = { recipe: path.basename(recipe), folder: path.dirname(recipe), kit };
    throw new TpiError("KIT_MISSING", details, { cause });
  }
}

/** What the environment says of the board; `virtual` is the background one, which is started where it does not run. */
async function boardOf({ board, config }: Run): Promise<Readonly<Record<string, string>>> {
  if (board === "virtual") {
    if (config) throw new TypeError("--board virtual has a configuration of its own: leave out --config");
    const { desk } = await import("./desk.ts");
    return { TPI_CONFIG: (await desk({ image: base().path, modules: 4 })).config };
  }
  return { ...(board ? { TPI_HOST: board } : {}), ...(config ? { TPI_CONFIG: path.resolve(config) } : {}) };
}

function numberOf(signal: unknown): number {
  const known: Readonly<Record<string, number>> = constants.signals;
  return known[String(signal)] ?? 0;
}
