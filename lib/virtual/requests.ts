import { type FSWatcher, watch } from "node:fs";
import { readFile, truncate } from "node:fs/promises";
import path from "node:path";
import type { Controller } from "./controller.ts";
import type { Power } from "./life.ts";

/**
 * Carries out what commands on the controller ask of the machine: the init script of the daemon, `reboot`, and dropping
 * the page cache, which gives xz its memory back. The caller closes the watcher.
 */
export function requests(controller: Controller, power: Power): FSWatcher {
  const folder = path.join(controller.files.root, "run");
  let last: Promise<unknown> = Promise.resolve();
  return watch(folder, (_event, name) => {
    if (name === "request")
      last = last.then(() => ask(path.join(folder, name), power)).catch(() => undefined);
    if (name === "drop_caches") controller.faults.set({ xzMemoryBytes: null });
  });
}

async function ask(file: string, power: Power): Promise<void> {
  const verb = (await readFile(file, "utf8")).trim();
  if (verb === "") return;
  if (verb === "stop" || verb === "restart") await power.stopDaemon();
  if (verb === "start" || verb === "restart") await power.startDaemon();
  await truncate(file);
  if (verb === "reboot") await power.reboot();
}
