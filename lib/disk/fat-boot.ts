/** The shape of a FAT volume, in bytes from its start. Layout: Microsoft's FAT specification 1.03. */
export interface Boot {
  readonly bits: 12 | 16 | 32;
  /** From the boot sector; the root folder's own label entry is the better witness. */
  readonly label: string;
  /** As blkid spells it. */
  readonly serial: string;
  readonly clusterSize: number;
  /** Data clusters; they are numbered from 2. */
  readonly clusters: number;
  readonly fatAt: number;
  readonly fatSize: number;
  readonly fats: number;
  /** The root folder, which is a chain of clusters on FAT32 alone. */
  readonly rootAt: number;
  readonly rootSize: number;
  readonly rootCluster: number;
  readonly dataAt: number;
  readonly infoAt: number | undefined;
  /** Whether the driver that wrote it last has said that it did not finish. */
  readonly dirty: boolean;
}

/** Reads a boot sector; undefined where it is not one of FAT. */
export function readBoot(head: Uint8Array): Boot | undefined {
  const at = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 512));
  if (at.length < 512 || at.readUInt16LE(510) !== 0xaa55 || ![0xeb, 0xe9].includes(at.readUInt8(0))) return;
  const sector = at.readUInt16LE(11);
  const perCluster = at.readUInt8(13);
  const reserved = at.readUInt16LE(14);
  const fats = at.readUInt8(16);
  const rootEntries = at.readUInt16LE(17);
  const total = at.readUInt16LE(19) || at.readUInt32LE(32);
  if (![512, 1024, 2048, 4096].includes(sector) || !isPowerOfTwo(perCluster) || reserved === 0) return;
  if (fats < 1 || fats > 2 || at.readUInt8(21) < 0xf0 || total === 0) return;
  // FAT32 is told by this field alone: the RK1's CIDATA is FAT32 with the number of clusters of a FAT16
  const small = at.readUInt16LE(22);
  const wide = small === 0;
  const fatSectors = small || at.readUInt32LE(36);
  const rootSectors = Math.ceil((rootEntries * 32) / sector);
  const dataSector = reserved + fats * fatSectors + rootSectors;
  const clusters = Math.floor((total - dataSector) / perCluster);
  if (fatSectors === 0 || clusters < 1) return;
  const rootCluster = wide ? at.readUInt32LE(44) : 0;
  if (wide && (rootCluster < 2 || rootCluster > clusters + 1)) return;
  const clusterSize = perCluster * sector;
  const dataAt = dataSector * sector;
  const rootAt = wide ? dataAt + (rootCluster - 2) * clusterSize : dataAt - rootSectors * sector;
  const info = wide ? at.readUInt16LE(48) : 0;
  return {
    bits: wide ? 32 : clusters < 4085 ? 12 : 16,
    label: labelText(at.subarray(wide ? 71 : 43, wide ? 82 : 54)),
    serial: serialText(at.readUInt32LE(wide ? 67 : 39)),
    ...{ clusterSize, clusters, fats, rootAt, rootCluster, dataAt },
    fatAt: reserved * sector,
    fatSize: fatSectors * sector,
    rootSize: rootEntries * 32,
    infoAt: info > 0 && info < reserved ? info * sector : undefined,
    dirty: (at.readUInt8(wide ? 65 : 37) & 1) !== 0,
  };
}

/** The volume label that a root folder carries as an entry, if it does. */
export function fatLabel(folder: Uint8Array): string | undefined {
  for (let at = 0; at + 32 <= folder.length && folder[at] !== 0; at += 32) {
    const attributes = folder[at + 11] ?? 0;
    const volume = (attributes & 0x08) !== 0 && attributes !== 0x0f;
    if (volume && folder[at] !== 0xe5) return labelText(folder.subarray(at, at + 11));
  }
  return undefined;
}

function labelText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1").trimEnd();
  return text === "NO NAME" ? "" : text;
}

function serialText(number: number): string {
  const hex = number.toString(16).toUpperCase().padStart(8, "0");
  return `${hex.slice(0, 4)}-${hex.slice(4)}`;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}
