import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";

/** A folder with these files, gone after the test; gives the path of a file in it. */
export async function folder(t: TestContext, files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(path.join(tmpdir(), "tpi-config-"));
  t.after(() => rm(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(root, name), text);
  return (name: string) => path.join(root, name);
}

/** Sets variables for one test; `undefined` takes one away. */
export function variables(t: TestContext, change: Readonly<Record<string, string | undefined>>): void {
  const before = Object.fromEntries(Object.keys(change).map((name) => [name, process.env[name]]));
  const apply = (values: Readonly<Record<string, string | undefined>>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  apply(change);
  t.after(() => apply(before));
}
