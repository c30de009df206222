import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { type Asked, change, type Operations, opened, pathAt } from "./asked.ts";
import { listed } from "./listing.ts";
import { openFile, refusal } from "./open-file.ts";
import { attributes, reply, status } from "./wire.ts";

const newHandle = () => randomBytes(8).toString("hex");

/** Operations on handles: those that give them, use them and take them back. */
export const fileOperations: Operations = {
  open: async (asked) => {
    const { session, id, from } = asked;
    const file = await pathAt(asked);
    const flags = from.number();
    const handle = newHandle();
    session.open.set(
      handle,
      await openFile(session.controller, { file, flags, mode: attributes(from).mode }),
    );
    return reply.handle(id, handle);
  },
  close: async ({ session, from }) => {
    const handle = from.text();
    const file = session.open.get(handle);
    if (!file && !session.listings.delete(handle)) throw refusal(status.failure, "Failure");
    session.open.delete(handle);
    await file?.close();
    return undefined;
  },
  read: async (asked) => {
    const { handle } = opened(asked);
    const [offset, length] = [asked.from.long(), Math.min(asked.from.number(), 256 * 1024)];
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset);
    return bytesRead === 0
      ? reply.status(asked.id, status.eof, "End of file")
      : reply.data(asked.id, buffer.subarray(0, bytesRead));
  },
  write: async (asked) => {
    const file = opened(asked);
    const [offset, bytes] = [asked.from.long(), asked.from.bytes()];
    await file.write(bytes, offset);
    return undefined;
  },
  fstat: async (asked) => reply.attrs(asked.id, await opened(asked).handle.stat()),
  fsetstat: async (asked) =>
    await change(asked.session, { file: opened(asked).file, to: attributes(asked.from) }),
  opendir: async (asked) => {
    const folder = await pathAt(asked);
    const handle = newHandle();
    const names = await readdir(folder);
    asked.session.listings.set(
      handle,
      [".", "..", ...names].map((name) => `${folder}${path.sep}${name}`),
    );
    return reply.handle(asked.id, handle);
  },
  readdir: async ({ session, id, from }: Asked) => {
    const left = session.listings.get(from.text());
    if (!left) throw refusal(status.failure, "Failure");
    const some = left.splice(0, 100);
    if (some.length === 0) return reply.status(id, status.eof, "End of file");
    return reply.names(id, await Promise.all(some.map(listed)));
  },
};
