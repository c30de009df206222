import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { listening, root, type Script } from "../core/script.ts";

export const tpix = path.join(root, "bin/tpix");

/** A folder of its own, and the command line run in it, with a TPI_HOME there and no board known. */
export async function place(t: TestContext) {
  const folder = await mkdtemp(path.join(tmpdir(), "tpi-cli-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const { NODE_TEST_CONTEXT: _, ...rest } = process.env;
  const clean = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith("TPI_")));
  const run = (
    words: readonly string[],
    more: { env?: Record<string, string>; program?: string } = {},
  ): Omit<Script, "home"> => {
    const { program = tpix } = more;
    const [file, first] = program === "script" ? [program, []] : [process.execPath, [program]];
    const child = spawn(file, [...first, ...words], {
      cwd: folder,
      env: { ...clean, TPI_HOME: path.join(folder, "home"), ...more.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    t.after(() => child.kill("SIGKILL"));
    return { child, ...listening(child) };
  };
  return { folder, run };
}
