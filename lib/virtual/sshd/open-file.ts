import { constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import type { Controller } from "../controller.ts";
import { status } from "./wire.ts";

/** A file that an SFTP client has open. */
export interface OpenFile {
  readonly handle: FileHandle;
  /** The path on this machine. */
  readonly file: string;
  write(bytes: Buffer, offset: number): Promise<void>;
  close(): Promise<void>;
}

/** An outcome that is told to the client with its own code. */
export const refusal = (code: number, text: string) => Object.assign(new Error(text), { sftp: code });

/** Opens by the bits of an SFTP open, which are mapped to those of this machine one by one. */
export async function openFile(
  controller: Controller,
  wish: { file: string; flags: number; mode: number | undefined },
): Promise<OpenFile> {
  const { file, flags, mode } = wish;
  const { files, faults } = controller;
  const [reads, writes, appends] = [flags & 1, flags & 2, flags & 4];
  const bits =
    (reads && writes ? constants.O_RDWR : writes ? constants.O_WRONLY : constants.O_RDONLY) |
    (appends ? constants.O_APPEND : 0) |
    (flags & 8 ? constants.O_CREAT : 0) |
    (flags & 16 ? constants.O_TRUNC : 0) |
    (flags & 32 ? constants.O_EXCL : 0);
  if ((await lstat(file).catch(() => undefined))?.isDirectory())
    throw refusal(status.failure, "Is a directory");
  const handle = await open(file, bits, mode === undefined ? 0o644 : mode & 0o777);
  if (flags & 16) files.changed();
  let size = (await handle.stat()).size;
  let lost = false;
  return {
    handle,
    file,
    write: async (bytes, offset) => {
      const at = appends ? size : offset;
      const { sftpShortWriteAt, sftpLosesAt } = faults.armed();
      const limit = Math.min(
        sftpShortWriteAt ?? Number.POSITIVE_INFINITY,
        sftpLosesAt ?? Number.POSITIVE_INFINITY,
      );
      const kept = bytes.subarray(0, Math.max(0, Math.min(bytes.length, limit - at)));
      await files.grow(file, at + kept.length - size);
      size = Math.max(size, at + kept.length);
      for (let done = 0; done < kept.length; ) {
        const written = await handle.write(kept, done, kept.length - done, appends ? null : at + done);
        done += written.bytesWritten;
      }
      lost ||= kept.length < bytes.length;
      if (lost && sftpShortWriteAt !== undefined) {
        faults.take("sftpShortWriteAt");
        throw refusal(status.failure, "Failure");
      }
    },
    close: async () => {
      if (lost) faults.take("sftpLosesAt");
      await handle.close();
    },
  };
}

/** The status code and text for what a file system said. */
export function outcome(error: unknown): { readonly code: number; readonly text: string } {
  const known = error instanceof Error ? error : new Error(String(error));
  if ("sftp" in known && typeof known.sftp === "number") return { code: known.sftp, text: known.message };
  switch ("code" in known ? known.code : undefined) {
    case "ENOENT":
    case "ENOTDIR":
      return { code: status.missing, text: "No such file" };
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return { code: status.denied, text: "Permission denied" };
    case "ENOSPC":
    case "EDQUOT":
      return { code: status.failure, text: "No space left on device" };
    default:
      if (known instanceof RangeError) return { code: status.bad, text: "Bad message" };
      return { code: status.failure, text: "Failure" };
  }
}
