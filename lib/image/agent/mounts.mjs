// Partitions of the raw file, mounted by their place in it: loop devices with `autoclear`, in a mount namespace that
// dies with the agent, so that not even a killed one leaves a mount or a loop device behind.
import { execFile } from "node:child_process";
import { mkdir, rm, rmdir } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

async function must(program, ...words) {
  try {
    return (await run(program, words)).stdout;
  } catch (error) {
    throw new Error((error.stderr || error.message).trim().replaceAll(/\s*\n\s*/g, "; "));
  }
}

// no background work on tables that nobody asked for, which would change blocks that no edit touches
const options = { ext4: ["noinit_itable"], xfs: ["nouuid"] };

/** A container has its own /dev, in which the kernel's loop devices do not appear by themselves. */
const loopNodes = `
  free=$(losetup -f 2>&1 | sed -n 's|.*/dev/loop\\([0-9][0-9]*\\).*|\\1|p' | head -n 1)
  last=$(( \${free:-0} + 8 ))
  number=0
  while [ $number -le $last ]; do
    [ -e /dev/loop$number ] || mknod -m 660 /dev/loop$number b 7 $number
    number=$(( number + 1 ))
  done`;

/** The deeds of mounting, for the raw file at `raw`, on folders inside `home`. */
export function mounts({ raw, home }) {
  const mounted = new Map();
  const lent = new Map();

  const mount = async ({ partition, start, size, type }) => {
    const folder = `${home}/partition-${partition}`;
    await mkdir(folder);
    await must("sh", "-c", loopNodes);
    const how = [
      "loop",
      `offset=${start}`,
      `sizelimit=${size}`,
      "noatime",
      "nodev",
      ...(options[type] ?? []),
    ];
    await must("mount", "-t", type, "-o", how.join(","), raw, folder);
    mounted.set(partition, folder);
  };

  const unmountAll = async () => {
    for (const [partition, folder] of [...mounted].reverse()) {
      await must("umount", folder);
      mounted.delete(partition);
      await rmdir(folder);
    }
    // the last bytes are in the file when the kernel has let go of the loop devices
    for (let tries = 0; (await must("losetup", "-j", raw)) !== ""; tries += 1) {
      if (tries === 600) throw new Error(`the kernel does not let go of ${raw}`);
      await pause(50);
    }
  };

  const lend = async ({ partition }) => {
    const folder = `${home}/lent-${partition}`;
    await mkdir(folder);
    lent.set(partition, folder);
  };
  const reclaim = async ({ partition }) => {
    await rm(folderOf(partition), { recursive: true });
    lent.delete(partition);
  };

  const folderOf = (partition) => {
    const folder = mounted.get(partition) ?? lent.get(partition);
    if (folder === undefined) throw new Error(`partition ${partition} is not mounted`);
    return folder;
  };
  return { folderOf, unmountAll, deeds: { mount, unmountAll, lend, reclaim } };
}
