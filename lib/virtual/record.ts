import { readFile } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import { startOf } from "../core/alive.ts";
import type { VirtualBoard } from "./board.ts";

const shape = z.strictObject({
  pid: z.number().int().positive(),
  /** When that process began, so that a later one of the same number is not taken for it. */
  start: z.string(),
  host: z.literal("127.0.0.1"),
  httpsPort: z.number(),
  httpPort: z.number().optional(),
  sshPort: z.number(),
  user: z.literal("root"),
  password: z.string(),
  fingerprint: z.string(),
  sshHostKey: z.string(),
  dir: z.string(),
});

/** How to reach a board that runs in the background: `board.json` in its folder, mode 0600. */
export type BoardRecord = z.infer<typeof shape>;

/** The file of a board's record. */
export const recordFile = (dir: string): string => path.join(dir, "board.json");

/** The record of a board, or nothing where there is none that can be read. */
export async function recordIn(dir: string): Promise<BoardRecord | undefined> {
  try {
    return shape.parse(JSON.parse(await readFile(recordFile(dir), "utf8")));
  } catch {
    return undefined;
  }
}

/** Writes down how this process's board is reached. */
export async function writeRecord(board: VirtualBoard): Promise<void> {
  const { host, httpsPort, httpPort, sshPort, user, password, fingerprint, sshHostKey, dir } = board;
  const start = (await startOf(process.pid)) ?? "unknown";
  const record = {
    pid: process.pid,
    start,
    host,
    httpsPort,
    httpPort,
    sshPort,
    user,
    password,
    fingerprint,
    sshHostKey,
    dir,
  };
  await writeFileAtomic(recordFile(dir), `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
}

/** Whether the process that wrote the record still runs. */
export const runs = async (record: BoardRecord): Promise<boolean> =>
  (await startOf(record.pid)) === record.start;
