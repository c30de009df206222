import { TpiError } from "../core/fault.ts";
import { readBoot } from "./fat-boot.ts";
import {
  appendClusters,
  type Fat,
  type Folder,
  readClusters,
  readFolder,
  saveTable,
  writeClusters,
  writeFolder,
} from "./fat-clusters.ts";
import { entriesOf, erase, type FatEntry, inserted, named, refresh, shortSlot } from "./fat-folder.ts";
import { fits } from "./fat-names.ts";
import { fatTable } from "./fat-table.ts";
import type { Area, Entry, Volume } from "./volume.ts";

const dosBegin = 315_532_800; // 1 January 1980
const dosEnd = 4_354_819_198; // the end of 2107, in steps of two seconds
const root: Entry = { kind: "folder", size: 0, mode: 0o755, uid: 0, gid: 0, modified: dosBegin };
const largestFile = 2 ** 32 - 1;
const largestFolder = 65_536 * 32; // Linux reads no further

/** A FAT12/16/32 driver. `PARTITION_UNCLEAN` where it is to be written and was left mounted. */
export async function fatVolume(
  area: Area,
  how: { writable: boolean; epoch: number | undefined },
): Promise<Volume> {
  const { where } = area;
  const boot = readBoot(await area.read(0, Math.min(512, area.size)));
  if (!boot) throw new TpiError("PARTITION_DAMAGED", { where, why: "its boot sector is gone" });
  const broken = (why: string) => new TpiError("PARTITION_DAMAGED", { where, why });
  const end = boot.dataAt + boot.clusters * boot.clusterSize;
  if (end > area.size) throw broken(`it claims ${end} bytes, and the partition has ${area.size}`);
  const table = fatTable({ boot, bytes: Buffer.from(await area.read(boot.fatAt, boot.fatSize)), broken });
  if (how.writable && (boot.dirty || table.dirty)) {
    throw new TpiError("PARTITION_UNCLEAN", { where, why: "it is marked as still in use" });
  }
  return volumeOf({ area, boot, table, epoch: how.epoch ?? dosBegin, folders: new Map() });
}

function volumeOf(fat: Fat): Volume {
  const { area, boot, table, epoch } = fat;
  const where = area.where;
  let edited = false;

  /** Clusters for a number of bytes, those of an older file first. */
  const clustersFor = (file: { path: string; size: number; old: number; largest: number }) => {
    const { path, size, old, largest } = file;
    const chain = old === 0 ? [] : table.chain(old);
    const clusters = size > largest ? undefined : table.resize(chain, Math.ceil(size / boot.clusterSize));
    if (!clusters) throw new TpiError("PARTITION_FULL", { path, where });
    edited = true;
    return clusters;
  };
  /** Puts bytes into clusters, behind what is kept of an older file; the first one's number, or 0 for no bytes. */
  const place = async (file: { path: string; bytes: Uint8Array; old: number; kept?: number }) => {
    const { bytes, kept = 0 } = file;
    const clusters = clustersFor({ ...file, size: kept + bytes.length, largest: largestFile });
    await appendClusters(fat, { clusters, kept, bytes });
    return clusters[0] ?? 0;
  };
  const saveFolder = async (path: string, folder: Folder) => {
    const { cluster, bytes } = folder;
    if (cluster !== 0 || boot.bits === 32) {
      const old = cluster || boot.rootCluster;
      const clusters = clustersFor({ path, size: bytes.length, old, largest: largestFolder });
      return await writeFolder(fat, folder, clusters);
    }
    if (bytes.length > boot.rootSize) throw new TpiError("PARTITION_FULL", { path, where });
    await area.write(boot.rootAt, bytes);
    fat.folders.set(cluster, bytes);
  };
  const add = async (spot: Spot, made: { folder: boolean; cluster: number; size: number }) => {
    const bytes = inserted(spot.folder.bytes, { name: spot.name, epoch, ...made });
    await saveFolder(spot.path, { ...spot.folder, bytes });
  };
  const mustHold = (entry: FatEntry) => {
    const clusters = entry.cluster === 0 ? 0 : table.chain(entry.cluster).length;
    if (clusters * boot.clusterSize >= entry.size) return entry.size;
    const why = `${entry.name} has too few clusters for its size`;
    throw new TpiError("PARTITION_DAMAGED", { where, why });
  };
  const contentOf = async (entry: FatEntry) =>
    (await readClusters(fat, entry.cluster)).subarray(0, mustHold(entry));
  const posixOnly = async () => {
    throw new TpiError("PARTITION_UNSUPPORTED", { where, what: "FAT, without links, modes and owners" });
  };

  return {
    posix: false,
    times: { first: dosBegin, last: dosEnd },
    entry: async (path) => (path === "/" ? root : entryOf((await find(fat, path)).entry)),
    list: async (path) => {
      const cluster = path === "/" ? 0 : (await existing(fat, path)).entry.cluster;
      return entriesOf((await readFolder(fat, cluster)).bytes).map((entry) => entry.name);
    },
    read: async (path) => contentOf((await existing(fat, path)).entry),
    write: async (path, { bytes, from }) => {
      const spot = await find(fat, path);
      const { entry, folder } = spot;
      if (!entry) mustFitFat(spot, where);
      const kept = entry && from === "end" ? mustHold(entry) : 0;
      const cluster = await place({ path, bytes, old: entry?.cluster ?? 0, kept });
      const size = kept + bytes.length;
      if (!entry) return await add(spot, { folder: false, cluster, size });
      refresh(folder.bytes.subarray(entry.at, entry.at + 32), { cluster, size, epoch });
      await saveFolder(path, folder);
    },
    mkdir: async (path) => {
      const spot = await find(fat, path);
      mustFitFat(spot, where);
      const cluster = await place({ path, bytes: new Uint8Array(boot.clusterSize), old: 0 });
      const dots = [
        { short: ".", cluster },
        { short: "..", cluster: spot.folder.cluster },
      ].map((dot) =>
        shortSlot(Buffer.from(dot.short.padEnd(11)), { folder: true, cluster: dot.cluster, size: 0, epoch }),
      );
      await writeClusters(fat, [cluster], Buffer.concat(dots));
      await add(spot, { folder: true, cluster, size: 0 });
    },
    touch: async (path, time) => {
      if (path === "/") return; // it has no entry that could keep one
      const { folder, entry } = await existing(fat, path);
      refresh(folder.bytes.subarray(entry.at, entry.at + 32), { ...entry, epoch: time });
      await saveFolder(path, folder);
    },
    remove: async (path) => {
      const { folder, entry } = await existing(fat, path);
      if (entry.cluster !== 0) table.resize(table.chain(entry.cluster), 0);
      edited = true;
      fat.folders.delete(entry.cluster);
      erase(folder.bytes, entry);
      await saveFolder(path, folder);
    },
    readlink: posixOnly,
    symlink: posixOnly,
    chmod: posixOnly,
    chown: posixOnly,
    close: async () => {
      if (edited) await saveTable(fat);
    },
  };
}

/** Where a path stands: the folder above it, its last name, and the entry if there is one. */
interface Spot {
  readonly path: string;
  readonly folder: Folder;
  readonly name: string;
  readonly entry: FatEntry | undefined;
}

async function find(fat: Fat, path: string): Promise<Spot> {
  const parts = path.split("/").filter(Boolean);
  const name = parts.pop() ?? "";
  let folder = await readFolder(fat, 0);
  const above = new Set([0, fat.boot.rootCluster]);
  for (const part of parts) {
    const entry = named(entriesOf(folder.bytes), part);
    const { where } = fat.area;
    if (!entry) throw new TpiError("PATH_MISSING", { path, where });
    if (above.has(entry.cluster))
      throw new TpiError("PARTITION_DAMAGED", { where, why: `${path} is in itself` });
    above.add(entry.cluster);
    folder = await readFolder(fat, entry.cluster);
  }
  return { path, folder, name, entry: named(entriesOf(folder.bytes), name) };
}

async function existing(fat: Fat, path: string): Promise<Spot & { readonly entry: FatEntry }> {
  const { entry, ...spot } = await find(fat, path);
  if (!entry) throw new TpiError("PATH_MISSING", { path, where: fat.area.where });
  return { ...spot, entry };
}

function mustFitFat(spot: Spot, where: string): void {
  if (fits(spot.name)) return;
  throw new TpiError("PATH_UNFIT", {
    path: spot.path,
    where,
    is: "beyond the names of FAT",
    not: "storable",
  });
}

function entryOf(entry: FatEntry | undefined): Entry | undefined {
  if (!entry) return undefined;
  const { folder, size, modified } = entry;
  return { kind: folder ? "folder" : "file", size, mode: folder ? 0o755 : 0o644, uid: 0, gid: 0, modified };
}
