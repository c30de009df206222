import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { paths } from "../core/paths.ts";
import { planning } from "../core/plan.ts";
import { Secret } from "../core/secret.ts";

/** The folder that keeps what is known of one board between runs. */
export function boardState({ host, port }: { readonly host: string; readonly port: number }): string {
  return path.join(paths().state, "boards", `${host}_${port}`.replaceAll(/[^\w.-]/g, "_"));
}

/**
 * The board's own secret, from which its nodes' SSH host keys follow. It is made when first asked for, readable by
 * the user alone; a plan that comes before that goes on with one that is forgotten.
 */
export function boardSeed(state: string): Secret {
  const file = path.join(state, "seed");
  const present = existing(file);
  if (present) return new Secret(present);
  const fresh = randomBytes(32).toString("hex");
  if (planning()) return new Secret(fresh);
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, fresh, { mode: 0o600, flush: true });
  try {
    linkSync(draft, file); // fails where another run was first: its seed is the one
  } catch (error) {
    if (!existing(file)) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return new Secret(existing(file) ?? fresh);
}

function existing(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
