import { TpiError } from "../core/fault.ts";
import type { Duration } from "../core/units.ts";
import { ext4Volume } from "./ext4.ts";
import { fatVolume } from "./fat.ts";
import type { Overlay } from "./overlay.ts";
import type { Partition } from "./partitions.ts";
import { mustFit, type Source } from "./source.ts";
import { type Tree, treeOf } from "./tree.ts";
import type { Area, Volume } from "./volume.ts";

/** How a partition's files are opened. */
export interface TreeOptions {
  /**
   * Seconds for every time that is written, so that the same edits give the same bytes. Otherwise the file system's
   * own last write (ext4), or 1 January 1980 (FAT).
   */
  readonly epoch?: number;
  /**
   * How long the ext4 driver may compute on one call before it is given up with `PARTITION_DAMAGED`: a minute unless
   * said otherwise.
   */
  readonly patience?: Duration;
}

/**
 * Opens the files of a partition for editing. Over a plain {@link Source} every write is a `TypeError`.
 * `PARTITION_UNSUPPORTED` for what is neither ext2/3/4 nor FAT, `PARTITION_UNCLEAN` where a file system to be edited
 * needs repair first; reading one is allowed.
 */
export async function openTree(
  disk: Source | Overlay,
  partition: Partition,
  options: TreeOptions = {},
): Promise<Tree> {
  const { content } = partition;
  const area = areaOf(disk, partition);
  const how = { writable: "write" in disk, epoch: options.epoch, patience: options.patience };
  const tree = (volume: Volume) => treeOf(how.writable ? volume : frozen(volume), area.where);
  if (content.kind === "ext4") return tree(await ext4Volume(area, how));
  if (content.kind === "fat") return tree(await fatVolume(area, how));
  const what = content.kind === "other" ? content.name : "no file system that is known";
  throw new TpiError("PARTITION_UNSUPPORTED", { where: area.where, what });
}

/** A partition of a disk as what a file system reads and writes; over a plain source every write is a `TypeError`. */
export function areaOf(disk: Source | Overlay, partition: Partition): Area {
  const { start, size, content, index, name } = partition;
  const label = "label" in content && content.label !== "" ? content.label : name;
  return {
    size,
    where: label === "" ? `partition ${index}` : `partition ${index} (${label})`,
    read: (at, length) => {
      mustFit({ at, length, size });
      return disk.read(start + at, length);
    },
    write: (at, bytes) => {
      mustFit({ at, length: bytes.length, size });
      return "write" in disk ? disk.write(start + at, bytes) : refuse();
    },
  };
}

/** The same volume, refusing edits when they are asked for and not when they are written out. */
function frozen(volume: Volume): Volume {
  const edits = {
    write: refuse,
    mkdir: refuse,
    symlink: refuse,
    chmod: refuse,
    chown: refuse,
    touch: refuse,
    remove: refuse,
  };
  return { ...volume, ...edits };
}

async function refuse(): Promise<never> {
  throw new TypeError("this tree is read only: open it over an overlay to edit it");
}
