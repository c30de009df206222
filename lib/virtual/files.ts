import { lstat, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { contained } from "./contained.ts";
import type { FaultPlan } from "./faults.ts";

/** Bytes of a file system of the controller, as `df` would say. */
export interface Space {
  readonly mount: string;
  /** As `mount` names it. */
  readonly type: string;
  readonly total: number;
  /** More than `total` where a command got more in than fits before it was ended. */
  readonly used: number;
  readonly free: number;
}

/** The controller's file system: a folder that stands for `/`, with the sizes of the real one. */
export interface Files {
  readonly root: string;
  /** The path on this machine; see {@link contained}. */
  at(wanted: string, follow?: boolean): Promise<string>;
  /** The room on the file system that a path of the controller lies on. */
  space(wanted: string): Promise<Space>;
  /** The mounted file systems, root first. */
  mounts(): Promise<readonly Space[]>;
  /** Takes room for a file (a path on this machine) that grows by so many bytes; `ENOSPC` where there is none. */
  grow(file: string, bytes: number): Promise<void>;
  /** To be called after sizes have changed by other ways than {@link Files.grow}. */
  changed(): void;
  /** Empties `/tmp`, as a reboot does. */
  clearTemp(): Promise<void>;
}

/** What stands at the card's place while there is none: an empty folder of the controller's own flash. */
export const beneath = "run/beneath-card";

// The read-only part of the real system takes no room in the overlay.
const readOnly = ["bin", "mnt", "tmp", "proc", "dev", "run"];

/** The file system in `root`, made where it is missing. Sizes are of the files as they would read, holes included. */
export async function files(options: {
  root: string;
  overlayBytes: number;
  sdcardBytes: number;
  armed: () => FaultPlan;
}): Promise<Files> {
  const { root } = options;
  const folders = [
    "root/.ssh",
    "tmp",
    "mnt/sdcard",
    "etc/ssl/certs",
    "var/lib/bmcd",
    "proc",
    "dev",
    "run",
    "bin",
    beneath,
  ];
  for (const folder of folders) await mkdir(path.join(root, folder), { recursive: true, mode: 0o755 });
  await writeFile(path.join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  await writeFile(path.join(root, "etc/group"), "root:x:0:\n");
  await writeFile(path.join(root, "etc/hostname"), "turingpi\n");
  const totals = new Map([
    ["/", options.overlayBytes],
    ["/tmp", 58 * 1024 * 1024],
    ["/mnt/sdcard", options.sdcardBytes],
  ]);
  const counted = new Map<string, number>();
  const mountOf = (wanted: string) => {
    const below = (mount: string) => wanted === mount || wanted.startsWith(`${mount}/`);
    if (below("/tmp")) return "/tmp";
    return below("/mnt/sdcard") && options.armed().sdcard !== "missing" ? "/mnt/sdcard" : "/";
  };
  const typeOf = (mount: string) => {
    if (mount !== "/mnt/sdcard") return mount === "/" ? "overlay" : "tmpfs";
    return options.armed().sdcardFormat === "fat32" ? "vfat" : "ext4";
  };
  const usedOn = async (mount: string) => {
    const known = counted.get(mount);
    if (known !== undefined) return known;
    const skip = mount === "/" ? readOnly : [];
    const used = await sizeBelow(path.join(root, mount), skip);
    counted.set(mount, used);
    return used;
  };
  const space = async (wanted: string): Promise<Space> => {
    const mount = mountOf(wanted);
    const total = totals.get(mount) ?? 0;
    const full = mount === "/mnt/sdcard" && options.armed().sdcard === "full";
    const used = (full ? total : 0) + (await usedOn(mount));
    return { mount, type: typeOf(mount), total, used, free: Math.max(0, total - used) };
  };
  return {
    root,
    at: async (wanted, follow = true) => {
      const file = await contained(root, wanted, follow);
      const below = path.relative(path.join(root, "mnt/sdcard"), file);
      const onCard = below !== ".." && !below.startsWith("../");
      return onCard && options.armed().sdcard === "missing" ? path.join(root, beneath, below) : file;
    },
    space,
    mounts: async () => {
      const card = options.armed().sdcard === "missing" ? [] : ["/mnt/sdcard"];
      return await Promise.all(["/", "/tmp", ...card].map(space));
    },
    grow: async (file, bytes) => {
      if (bytes <= 0) return;
      const { mount, free } = await space(`/${path.relative(root, file)}`);
      if (bytes > free) throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
      counted.set(mount, (counted.get(mount) ?? 0) + bytes);
    },
    changed: () => counted.clear(),
    clearTemp: async () => {
      const folder = path.join(root, "tmp");
      for (const name of await readdir(folder))
        await rm(path.join(folder, name), { recursive: true, force: true });
      counted.delete("/tmp");
    },
  };
}

async function sizeBelow(folder: string, skip: readonly string[]): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (skip.includes(entry.name)) continue;
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) sum += await sizeBelow(full, []);
    else if (entry.isFile()) sum += (await lstat(full).catch(() => undefined))?.size ?? 0;
  }
  return sum;
}
