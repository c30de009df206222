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
 * The partition that a line means: by label or UUID, by the number at the end of an MBR's PARTUUID, or, where those
 * tell nothing, as the only one of its kind.
 */
export function partitionOf(line: MountLine, found: readonly Partition[]): Partition | undefined {
  const [, key = "", value = ""] = /^(LABEL|UUID|PARTUUID|PARTLABEL)="?(.*?)"?$/i.exec(line.device) ?? [];
  const hit = found.find((partition) => isMeant(key.toUpperCase(), value, partition));
  if (hit) return hit;
  if (key.toUpperCase() === "LABEL") return undefined;
  const same = found.filter(({ content }) => kindOf(line.kind) === content.kind);
  return kindOf(line.kind) === "fat" && same.length === 1 ? same[0] : undefined;
}

function isMeant(key: string, value: string, { content, index, name, type }: Partition): boolean {
  const same = (other: string) => other !== "" && other.toLowerCase() === value.toLowerCase();
  if (key === "LABEL") return "label" in content && same(content.label);
  if (key === "UUID") return content.kind === "ext4" && same(content.uuid);
  if (key === "PARTLABEL") return same(name);
  if (key !== "PARTUUID" || !type.startsWith("0x")) return false;
  const [, number] = /^[0-9a-f]{8}-([0-9a-f]{2})$/i.exec(value) ?? [];
  return number !== undefined && Number.parseInt(number, 16) === index;
}

const kindOf = (kind: string): string => (/^(vfat|msdos)$/.test(kind) ? "fat" : kind);

const unescaped = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
