import { chmod, stat, truncate, utimes } from "node:fs/promises";
import { spelled } from "../contained.ts";
import type { Controller } from "../controller.ts";
import { type OpenFile, refusal } from "./open-file.ts";
import { type Attributes, type Fields, status } from "./wire.ts";

/** What one SFTP client has open. */
export interface SftpSession {
  readonly controller: Controller;
  readonly open: Map<string, OpenFile>;
  /** Folders that are being listed: what is left of each, as paths on this machine. */
  readonly listings: Map<string, string[]>;
  readonly signal: AbortSignal;
}

/** One request. */
export interface Asked {
  readonly session: SftpSession;
  readonly id: number;
  readonly from: Fields;
}

/** Operations by name; without a reply of their own they are answered with success. */
export type Operations = Readonly<Record<string, (asked: Asked) => Promise<Buffer | undefined>>>;

/** The path on this machine of the next field; `follow` says whether a symlink at its end is followed. */
export const pathAt = ({ session, from }: Asked, follow = true): Promise<string> =>
  session.controller.files.at(spelled(from.text()), follow);

/** The open file that the next field names. */
export function opened({ session, from }: Asked): OpenFile {
  const file = session.open.get(from.text());
  if (!file) throw refusal(status.failure, "Failure");
  return file;
}

/** Sets a file's size, mode and times, as far as they are given. */
export async function change(
  session: SftpSession,
  { file, to }: { file: string; to: Attributes },
): Promise<undefined> {
  const { files } = session.controller;
  if (to.size !== undefined) {
    await files.grow(file, to.size - (await stat(file)).size);
    await truncate(file, to.size);
    files.changed();
  }
  if (to.mode !== undefined) await chmod(file, to.mode & 0o777);
  if (to.times) await utimes(file, to.times.accessed, to.times.modified);
}
