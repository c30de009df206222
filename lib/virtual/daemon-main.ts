import { closeSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { serveControl } from "./control.ts";
import type { UpOptions } from "./daemon.ts";
import { recordFile, writeRecord } from "./record.ts";
import { startBoard } from "./start.ts";

// The process of a board in the background: options by standard input, one word by file descriptor 3 when it is up.
const tell = (word: string) => {
  writeSync(3, word);
  closeSync(3);
};

try {
  const options = JSON.parse(await text(process.stdin)) as UpOptions; // written by `launched` in daemon.ts
  const board = await startBoard(options);
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      await board.stop();
      await rm(recordFile(board.dir), { force: true });
      await socket[Symbol.asyncDispose]();
      process.exit(0);
    })();
    return stopping;
  };
  const socket = await serveControl(board, stop);
  process.on("SIGTERM", () => void stop()).on("SIGINT", () => void stop());
  await writeRecord(board);
  tell("ready");
} catch (error) {
  console.error(error);
  tell(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
