// The disk as a sparse raw file, and how stretches of it are told apart. Shared by the kit and its agent.
import { createHash } from "node:crypto";
import { open, statfs } from "node:fs/promises";

export const stretch = 1 << 20;

const nothing = Buffer.alloc(stretch);
export const blank = (bytes) => nothing.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;

export const digest = (bytes) =>
  blank(bytes) ? Buffer.alloc(32) : createHash("sha256").update(bytes).digest();

/** The deeds on the raw file at `path`. */
export function rawDisk(path) {
  let file;
  let size = 0;

  async function get({ at, length }) {
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, length - done, at + done);
      if (bytesRead === 0) throw new Error(`the disk ends at ${at + done}`);
      done += bytesRead;
    }
    return { bytes };
  }

  return {
    deeds: {
      room: async ({ folder }) => {
        const { bavail, bsize } = await statfs(folder);
        return { value: bavail * bsize };
      },
      create: async (wish) => {
        file = await open(path, "wx+", 0o600);
        size = wish.size;
        await file.truncate(size);
      },
      put: async ({ at }, body) => {
        for (let done = 0; done < body.length; ) {
          const { bytesWritten } = await file.write(body, done, body.length - done, at + done);
          done += bytesWritten;
        }
      },
      get,
      digests: async () => {
        const all = [];
        for (let at = 0; at < size; at += stretch) {
          const { bytes } = await get({ at, length: Math.min(stretch, size - at) });
          all.push(digest(bytes));
        }
        return { bytes: Buffer.concat(all) };
      },
    },
    close: async () => file?.close(),
  };
}
