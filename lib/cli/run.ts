import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import path from "node:path";
import { TpiError } from "../core/fault.ts";

/** A recipe to run, and what its environment is to say. */
export interface Run {
  readonly recipe: string;
  readonly args: readonly string[];
  readonly board?: string;
  readonly config?: string;
  readonly plan?: "text" | "json";
}

/** Runs a recipe in a process of its own, and ends as it ends. `FILE_MISSING` where there is none. */
export async function run(wish: Run): Promise<void> {
  const file = path.resolve(wish.recipe);
  if (!existsSync(file)) throw new TpiError("FILE_MISSING", { path: file, what: "recipe" });
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), file, ...wish.args], {
    env: { ...process.env, ...said(wish) },
    stdio: "inherit",
  });
  // A terminal sends Ctrl-C to both; only the recipe knows what it must give back.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  const [code, signal]: readonly (number | NodeJS.Signals | null)[] = await once(child, "close");
  process.exit(typeof code === "number" ? code : 128 + numberOf(signal));
}

const said = ({ board, config, plan }: Run): Readonly<Record<string, string>> => ({
  ...(board ? { TPI_HOST: board } : {}),
  ...(config ? { TPI_CONFIG: path.resolve(config) } : {}),
  ...(plan ? { TPI_PLAN: plan } : {}),
});

function numberOf(signal: unknown): number {
  const known: Readonly<Record<string, number>> = constants.signals;
  return known[String(signal)] ?? 0;
}
