import { randomUUID } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Slot } from "./replies.ts";

const fileOf = (state: string, slot: Slot) => path.join(state, `written-${slot}`);

/** Notes that the storage of a slot is about to be other than what was known of it; to be called before it is. */
export async function noteWriting(state: string, slot: Slot): Promise<void> {
  await mkdir(state, { recursive: true });
  await writeFileAtomic(fileOf(state, slot), randomUUID());
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
