import type { Boot } from "./fat-boot.ts";
import type { FatTable } from "./fat-table.ts";
import type { Area } from "./volume.ts";

/** An open FAT volume. */
export interface Fat {
  readonly area: Area;
  readonly boot: Boot;
  readonly table: FatTable;
  /** Seconds for every time that is written. */
  readonly epoch: number;
  /** Folders as they are on the disk, by their first cluster: those above a path are asked for at every call. */
  readonly folders: Map<number, Buffer>;
}

/** A folder's first cluster (0 is the root) and its slots. */
export interface Folder {
  readonly cluster: number;
  readonly bytes: Buffer;
}

/** The bytes of a file or folder by its first cluster (0 for an empty one), to the end of its last cluster. */
export async function readClusters(fat: Fat, first: number): Promise<Buffer> {
  if (first === 0) return Buffer.alloc(0);
  const size = fat.boot.clusterSize;
  const parts = runs(fat.table.chain(first)).map((run) =>
    fat.area.read(placeOf(fat, run.first), run.count * size),
  );
  return Buffer.concat(await Promise.all(parts));
}

/** Writes bytes into clusters, with zeros to the end of the last one, so that nothing of an older file stays. */
export async function writeClusters(fat: Fat, clusters: readonly number[], bytes: Uint8Array): Promise<void> {
  const size = fat.boot.clusterSize;
  let done = 0;
  for (const run of runs(clusters)) {
    const part = Buffer.alloc(run.count * size);
    part.set(bytes.subarray(done, done + part.length));
    await fat.area.write(placeOf(fat, run.first), part);
    done += part.length;
  }
}

/** Writes bytes behind the first `kept` bytes of a file in these clusters, of which it reads no more than the end of one. */
export async function appendClusters(
  fat: Fat,
  file: { readonly clusters: readonly number[]; readonly kept: number; readonly bytes: Uint8Array },
): Promise<void> {
  const { clusters, kept, bytes } = file;
  const size = fat.boot.clusterSize;
  const rest = clusters.slice(Math.floor(kept / size));
  const [first] = rest;
  if (first === undefined || kept % size === 0) return await writeClusters(fat, rest, bytes);
  const head = await fat.area.read(placeOf(fat, first), kept % size);
  await writeClusters(fat, rest, Buffer.concat([head, bytes]));
}

/** Reads a folder, to be changed and saved; cluster 0 stands for the root, as in the `..` of its children. */
export async function readFolder(fat: Fat, cluster: number): Promise<Folder> {
  const known = fat.folders.get(cluster) ?? (await storedFolder(fat, cluster));
  fat.folders.set(cluster, known);
  return { cluster, bytes: Buffer.from(known) };
}

async function storedFolder({ boot, area, ...fat }: Fat, cluster: number): Promise<Buffer> {
  if (cluster === 0 && boot.bits !== 32) return Buffer.from(await area.read(boot.rootAt, boot.rootSize));
  return await readClusters({ boot, area, ...fat }, cluster || boot.rootCluster);
}

/** Writes those clusters of a folder that are not as they were. */
export async function writeFolder(fat: Fat, folder: Folder, clusters: readonly number[]): Promise<void> {
  const size = fat.boot.clusterSize;
  const bytes = Buffer.alloc(clusters.length * size);
  folder.bytes.copy(bytes);
  const was = fat.folders.get(folder.cluster) ?? Buffer.alloc(0);
  const part = (of: Buffer, at: number) => of.subarray(at * size, (at + 1) * size);
  const fresh = [...clusters.keys()].filter((at) => !part(bytes, at).equals(part(was, at)));
  const places = fresh.flatMap((at) => clusters[at] ?? []);
  await writeClusters(fat, places, Buffer.concat(fresh.map((at) => part(bytes, at))));
  fat.folders.set(folder.cluster, bytes);
}

/** Writes the table into all its copies, and its free count and hint into FSInfo where there is one. */
export async function saveTable(fat: Fat): Promise<void> {
  const { area, boot, table } = fat;
  for (let copy = 0; copy < boot.fats; copy += 1) {
    await area.write(boot.fatAt + copy * boot.fatSize, table.bytes);
  }
  if (boot.infoAt === undefined) return;
  const info = Buffer.from(await area.read(boot.infoAt, 512));
  if (info.readUInt32LE(0) !== 0x41615252 || info.readUInt32LE(484) !== 0x61417272) return;
  info.writeUInt32LE(table.free(), 488);
  info.writeUInt32LE(table.lowest(), 492);
  await area.write(boot.infoAt, info);
}

const placeOf = (fat: Fat, cluster: number): number => fat.boot.dataAt + (cluster - 2) * fat.boot.clusterSize;

/** Neighbouring clusters together, so that each run is one read or write. */
function runs(clusters: readonly number[]): readonly { first: number; count: number }[] {
  const found: { first: number; count: number }[] = [];
  for (const cluster of clusters) {
    const run = found.at(-1);
    if (run && run.first + run.count === cluster) run.count += 1;
    else found.push({ first: cluster, count: 1 });
  }
  return found;
}
