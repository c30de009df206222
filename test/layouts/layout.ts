import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { catalogue, type LayoutName } from "./catalogue.ts";
import { makeLayout } from "./make.ts";

export type { LayoutName } from "./catalogue.ts";

/** All of them, for tables of tests. */
export const layoutNames = Object.keys(catalogue) as readonly LayoutName[]; // its keys are the names

const made = new Map<LayoutName, Promise<string>>();
let home: string | undefined;

/**
 * The path of a small disk image laid out as a real one, such as `layout("rk1-24.04")`; made on first use, shared by
 * all tests of the process, removed when it ends. Never write to it: copy it, or lay an overlay over it.
 */
export function layout(name: LayoutName): Promise<string> {
  const making = made.get(name) ?? make(name);
  made.set(name, making);
  return making;
}

async function make(name: LayoutName): Promise<string> {
  const file = path.join(folder(), `${name}.img`);
  await makeLayout(file, catalogue[name]);
  return file;
}

function folder(): string {
  if (home !== undefined) return home;
  const own = mkdtempSync(path.join(tmpdir(), "tpi-layouts-"));
  process.once("exit", () => rmSync(own, { recursive: true, force: true }));
  home = own;
  return own;
}
