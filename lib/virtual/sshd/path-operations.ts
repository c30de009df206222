import { lstat, mkdir, readlink, rename, rm, rmdir, stat, symlink } from "node:fs/promises";
import path from "node:path";
import { type Asked, change, type Operations, opened, pathAt, type SftpSession } from "./asked.ts";
import { refusal } from "./open-file.ts";
import { attributes, reply, status } from "./wire.ts";

/** Extensions of OpenSSH that are offered, with their versions. */
export const extensions = {
  "posix-rename@openssh.com": "1",
  "statvfs@openssh.com": "2",
  "fstatvfs@openssh.com": "2",
  "fsync@openssh.com": "1",
} as const;

/** Operations on paths, and the extensions. */
export const pathOperations: Operations = {
  lstat: async (asked) => reply.attrs(asked.id, await lstat(await pathAt(asked, false))),
  stat: async (asked) => reply.attrs(asked.id, await stat(await pathAt(asked))),
  setstat: async (asked) =>
    await change(asked.session, { file: await pathAt(asked), to: attributes(asked.from) }),
  remove: async (asked) => {
    const file = await pathAt(asked, false);
    if ((await lstat(file)).isDirectory()) throw refusal(status.failure, "Failure");
    await rm(file);
    asked.session.controller.files.changed();
    return undefined;
  },
  mkdir: async (asked) => {
    const folder = await pathAt(asked);
    await mkdir(folder, (attributes(asked.from).mode ?? 0o755) & 0o777);
    return undefined;
  },
  rmdir: async (asked) => {
    await rmdir(await pathAt(asked, false));
    return undefined;
  },
  realpath: async (asked) => nameReply(asked, within(asked, await pathAt(asked))),
  rename: async (asked) => {
    const [old, target] = [await pathAt(asked, false), await pathAt(asked, false)];
    if (await lstat(target).catch(() => undefined)) throw refusal(status.failure, "Failure");
    return await moved(asked.session, { old, target });
  },
  readlink: async (asked) => nameReply(asked, await readlink(await pathAt(asked, false))),
  // OpenSSH sends the target first, against the draft.
  symlink: async (asked) => {
    const target = asked.from.text();
    await symlink(target, await pathAt(asked, false));
    return undefined;
  },
  extended: async (asked) => await extended(asked, asked.from.text()),
};

async function extended(asked: Asked, name: string): Promise<Buffer | undefined> {
  const { session, id } = asked;
  const spaceAt = async (file: string) =>
    reply.space(id, await session.controller.files.space(within(asked, file)));
  switch (name) {
    case "posix-rename@openssh.com": {
      const [old, target] = [await pathAt(asked, false), await pathAt(asked, false)];
      return await moved(session, { old, target });
    }
    case "statvfs@openssh.com":
      return await spaceAt(await pathAt(asked));
    case "fstatvfs@openssh.com":
      return await spaceAt(opened(asked).file);
    case "fsync@openssh.com":
      await opened(asked).handle.sync();
      return undefined;
    default:
      return reply.status(id, status.unsupported, "Operation unsupported");
  }
}

/** A path on this machine as the controller spells it. */
const within = ({ session }: Asked, file: string) => `/${path.relative(session.controller.files.root, file)}`;

const nameReply = ({ id }: Asked, name: string) => reply.names(id, [{ name, long: name, stat: undefined }]);

async function moved(
  session: SftpSession,
  { old, target }: { old: string; target: string },
): Promise<undefined> {
  await rename(old, target);
  session.controller.files.changed();
}
