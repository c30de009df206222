import { randomUUID } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import { TpiError } from "../core/fault.ts";
import type { Slot } from "./replies.ts";

const fileOf = (state: string, slot: Slot) => path.join(state, `written-${slot}`);

/**
 * Notes that the storage of a slot is about to be other than what was known of it; to be called before it is.
 * `JOURNAL_READONLY`.
 */
export async function noteWriting(state: string, slot: Slot): Promise<void> {
  const file = fileOf(state, slot);
  try {
    await mkdir(state, { recursive: true });
    await writeFileAtomic(file, randomUUID());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TpiError("JOURNAL_READONLY", { path: file, why }, { cause });
  }
}

/** The name of the last writing of a slot's storage that this machine has begun; empty where it began none. */
export async function lastWriting(state: string, slot: Slot): Promise<string> {
  try {
    return await readFile(fileOf(state, slot), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
