import { isFault, TpiError } from "../../core/fault.ts";
import { type Entry, ext4Times, type Partition, type Volume } from "../../disk.ts";
import type { Agent, Asked } from "./agent.ts";

/** A partition as messages call it: `partition 2 (cloudimg-rootfs)`. */
export function whereOf({ index, name, content }: Partition): string {
  const label = "label" in content && content.label !== "" ? content.label : name;
  return label === "" ? `partition ${index}` : `partition ${index} (${label})`;
}

/** The kernel's name for the file system of a partition that it is to mount; undefined where there is none. */
export function kernelType({ content }: Partition): string | undefined {
  if (content.kind === "ext4") return "ext4";
  if (content.kind !== "other") return undefined;
  const name = content.name.toLowerCase();
  return ["btrfs", "xfs", "f2fs"].includes(name) ? name : undefined;
}

/** Mounts a partition, and drives its files through the agent. `PARTITION_UNSUPPORTED` where the kernel cannot. */
export async function mountedVolume(agent: Agent, partition: Partition): Promise<Volume> {
  const where = whereOf(partition);
  const type = kernelType(partition);
  const { index, start, size, content } = partition;
  if (type === undefined) {
    const what = content.kind === "other" ? content.name : "no file system that is known";
    throw new TpiError("PARTITION_UNSUPPORTED", { where, what });
  }
  await agent.ask("mount", { partition: index, start, size, type });
  return volumeOver(agent, { index, where });
}

/** Drives the files of a folder of the agent's: a mounted partition, or one lent to a command. */
export function volumeOver(agent: Agent, of: { index: number; where: string }): Volume {
  const { index, where } = of;
  const does = async (deed: string, path: string, more: Asked = {}) => {
    try {
      return await agent.ask(deed, { partition: index, path, ...more });
    } catch (error) {
      throw isFault(error, "AGENT_FAILED") ? faultOf(error, { path, where }) : error;
    }
  };
  const done = async (deed: string, path: string, more?: Asked) => void (await does(deed, path, more));
  return {
    posix: true,
    times: ext4Times, // so that the same words are taken or refused by every engine
    // each answer is what Volume says of the call: lib/image/agent/files.mjs
    entry: async (path) => (await does("entry", path)).value as Entry | undefined,
    list: async (path) => (await does("list", path)).value as readonly string[],
    readlink: async (path) => (await does("readlink", path)).value as string,
    read: async (path) => (await does("read", path)).bytes,
    write: (path, { bytes, from }) => done("write", path, { from, body: bytes }),
    mkdir: (path) => done("mkdir", path),
    symlink: (path, target) => done("symlink", path, { target }),
    chmod: (path, mode) => done("chmod", path, { mode }),
    chown: (path, owner) => done("chown", path, owner),
    touch: (path, time) => done("touch", path, { time }),
    remove: (path, kind) => done("remove", path, { kind }),
    close: async () => {}, // unmounted with the others, when the workbench is done
  };
}

/** The fault that a driver of ours would have given; what only a kernel says passes as it is. */
function faultOf(error: TpiError<"AGENT_FAILED">, at: { path: string; where: string }): TpiError {
  const { errno = "", why } = error.details;
  if (errno === "ENOENT") return new TpiError("PATH_MISSING", at);
  if (errno === "EEXIST") return new TpiError("PATH_EXISTS", at);
  if (errno === "ENOSPC") return new TpiError("PARTITION_FULL", at);
  // the kernel turns a damaged file system read-only
  if (["EIO", "EROFS", "EUCLEAN"].includes(errno))
    return new TpiError("PARTITION_DAMAGED", { where: at.where, why });
  return error;
}
