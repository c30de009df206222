import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A process that runs a text of TypeScript with the kit's journal and caches in scope; `args` are its words. */
export function started(text: string, args: readonly string[] = []): ChildProcess {
  const imports = ["journal", "cache", "claim"]
    .map((name) => `import * as ${name}_ from ${JSON.stringify(`${root}lib/${name}.ts`)};`)
    .join("\n");
  const source = `${imports}\nconst args = process.argv.slice(1);\n${text}`;
  const flags = ["--import", "tsx", "--input-type=module", "--eval", source, "--", ...args];
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return spawn(process.execPath, flags, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
}

/** How it ended and what it said. */
export async function ended(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  const said: string[] = [];
  child.stdout?.on("data", (piece: Buffer) => said.push(String(piece)));
  child.stderr?.on("data", (piece: Buffer) => said.push(String(piece)));
  await once(child, "close");
  return { code: child.exitCode, said: said.join("") };
}
