import { isFault, TpiError } from "../core/fault.ts";
import { redact, Secret } from "../core/secret.ts";
import { applyEdits, type System, textIn, volumeOf } from "../os.ts";
import { type Action, type Copy, given, type Modify, type Put, type Run, type TextEdit } from "./action.ts";
import { pieces } from "./host-files.ts";
import { foreknown, type Outcome, written } from "./outcome.ts";

import { recorder } from "./recorder.ts";
import type { Context } from "./tenant.ts";

/** Where actions are carried out. */
export interface Stage {
  readonly system: System;
  readonly context: Context;
  readonly signal: AbortSignal;
  /** Runs a command line inside the image. */
  run(command: string): Promise<void>;
}

/** Carries out actions in order, and tells what each came to. After a fault, throw the image away. */
export async function perform(actions: readonly Action[], stage: Stage): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const action of actions) {
    stage.signal.throwIfAborted();
    const found = await carryOut(action, stage);
    const known = foreknown(action, stage.context);
    if (known?.kind === "keyed") outcomes.push({ ...known, did: found });
    else outcomes.push(...(known ? [known] : found));
  }
  return outcomes;
}

/** Does one action; what it came to matters only where that was not known before. */
async function carryOut(action: Action, stage: Stage): Promise<readonly Outcome[]> {
  const { system } = stage;
  switch (action.kind) {
    case "write":
    case "append":
      return await put(action, system);
    case "template":
      return await put(written(action, stage.context), system);
    case "edit":
      return await edit(action, system);
    case "copy":
      await copy(action, stage);
      return [];
    case "run":
      await run(action, stage);
      return [];
    case "modify":
      return await modify(action, stage);
    case "mkdir":
    case "chmod":
    case "chown":
    case "touch":
    case "symlink":
    case "remove":
      await applyEdits(system, [action]);
      return [];
  }
}

async function put(action: Put, system: System): Promise<readonly Outcome[]> {
  const { content } = action;
  const bytes = content instanceof Secret ? new TextEncoder().encode(content.reveal()) : content;
  await applyEdits(system, [{ ...action, content: bytes }]);
  return [action];
}

async function edit({ path, volume, change }: TextEdit, system: System): Promise<readonly Outcome[]> {
  const text: unknown = change(await textIn(volumeOf(system, volume), path));
  if (typeof text !== "string") throw new TypeError(`the edit of ${path} gave ${typeof text} and not text`);
  return await put(
    { kind: "write", path, content: new TextEncoder().encode(text), ...given({ volume }) },
    system,
  );
}

/** Large files go in piece by piece, so that one never stands in memory whole. */
async function copy({ from, entries, ...to }: Copy, { system, signal }: Stage): Promise<void> {
  const { volume, owner = { uid: 0, gid: 0 } } = to;
  const on = given({ volume });
  for (const entry of entries) {
    const path = `${to.path === "/" ? "" : to.path}${entry.at}` || "/";
    if (entry.kind === "link")
      await applyEdits(system, [{ ...on, kind: "symlink", path, target: entry.target }]);
    else if (entry.kind === "folder") {
      if (path !== "/") await applyEdits(system, [{ ...on, kind: "mkdir", path, mode: entry.mode, owner }]);
    } else {
      const mode = to.mode ?? entry.mode;
      let kind: "write" | "append" = "write";
      for await (const content of pieces({ path: `${from}${entry.at}`, sha256: entry.sha256 }, signal)) {
        const dress = kind === "write" ? { mode, owner } : {};
        await applyEdits(system, [{ ...on, ...dress, kind, path, content }]);
        kind = "append";
      }
      // what is appended would change it again
      if (to.time !== undefined) await applyEdits(system, [{ ...on, kind: "touch", path, time: to.time }]);
    }
  }
}

/** A fault shows the command without its secrets, which the engine had to know. */
async function run({ command, shown }: Run, stage: Stage): Promise<void> {
  if (!(command instanceof Secret)) return await stage.run(command);
  try {
    await stage.run(command.reveal());
  } catch (error) {
    if (!isFault(error, "COMMAND_FAILED")) throw error;
    const { stderr, ...details } = error.details;
    throw new TpiError("COMMAND_FAILED", { ...details, command: shown, stderr: redact(stderr) });
  }
}

async function modify({ change }: Modify, stage: Stage): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const { fs, end } = recorder(stage.system, async (action) => {
    outcomes.push(...(await perform([action], stage)));
  });
  await change(fs, stage.context);
  await end();
  return outcomes;
}
