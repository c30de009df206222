import type { Partition } from "../disk.ts";

/** A line of /etc/fstab (fstab(5)) as far as it matters where a volume is mounted. */
export interface MountLine {
  /** `LABEL=…`, `UUID=…`, `PARTUUID=…` or a path under /dev. */
  readonly device: string;
  readonly at: string;
  readonly kind: string;
}

/** The lines of an fstab that mount something on a path, octal escapes resolved. */
export function mountLines(fstab: string): readonly MountLine[] {
  const rows = fstab.split("\n").map((line) => line.trim().split(/\s+/));
  return rows.flatMap(([device = "#", at = "", kind = ""]) =>
    device.startsWith("#") || !at.startsWith("/") ? [] : [{ device, at: unescaped(at), kind }],
  );
}

/**
 * The partition that a line means: the one of that name, or, for a path under /dev, the one of that number if it holds
 * what the line says, or else the only FAT. Undefined where the image has none, as the machine would have none.
 */
export function partitionOf(line: MountLine, found: readonly Partition[]): Partition | undefined {
  const [, key, value = ""] = /^(\w+)="?(.*?)"?$/.exec(line.device) ?? [];
  if (key !== undefined) return found.find((partition) => isMeant(key.toUpperCase(), value, partition));
  const same = found.filter(({ content }) => kindOf(line.kind) === content.kind);
  const [, number] = /^\/dev\/(?:[sv]d[a-z]+|(?:mmcblk|nvme\d+n|nbd)\d+p)(\d+)$/.exec(line.device) ?? [];
  const numbered = same.find(({ index }) => index === Number(number));
  return numbered ?? (kindOf(line.kind) === "fat" && same.length === 1 ? same[0] : undefined);
}

function isMeant(key: string, value: string, { content, name, id = "" }: Partition): boolean {
  const same = (other: string) => other !== "" && other.toLowerCase() === value.toLowerCase();
  if (key === "LABEL") return "label" in content && same(content.label);
  if (key === "UUID") return "uuid" in content && same(content.uuid);
  if (key === "PARTLABEL") return same(name);
  return key === "PARTUUID" && same(id);
}

const kindOf = (kind: string): string => (/^(vfat|msdos)$/.test(kind) ? "fat" : kind);

const unescaped = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
