/** A length of time with its unit, such as `"500ms"`, `"30s"`, `"20m"`, `"2h"`, `"30d"`. */
export type Duration = `${number}ms` | `${number}s` | `${number}m` | `${number}h` | `${number}d`;

const scale = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The number of milliseconds in a {@link Duration}; a `TypeError` for anything else. */
export function milliseconds(duration: Duration): number {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration);
  const unit = parts?.[2] as keyof typeof scale | undefined; // the pattern admits only these
  if (!parts || !unit) throw new TypeError(`"${duration}" is not a duration such as "30s" or "20m"`);
  return Number(parts[1]) * scale[unit];
}

/** A number of bytes with its unit: decimal as on a data sheet (`"8GB"`), or binary (`"512MiB"`). */
export type Size = `${number}${"" | "k" | "M" | "G" | "T" | "Ki" | "Mi" | "Gi" | "Ti"}B`;

/** The whole bytes of a {@link Size}; a `TypeError` for anything else. */
export function bytesOf(size: Size): number {
  const [, number, prefix = "", binary] = /^(\d+(?:\.\d+)?)([kKMGT]?)(i?)B$/.exec(size) ?? [];
  const power = " KMGT".indexOf(prefix.toUpperCase() || " ");
  const bytes = Math.round(Number(number) * (binary ? 1024 : 1000) ** power);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new TypeError(`"${size}" is not a size such as "8GB" or "512MiB"`);
}

const sizes = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes for people, decimal units as on a data sheet: `14.2 MB`. */
export function sizeText(bytes: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), sizes.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${sizes[power]}`;
}

/** Milliseconds for people: `0.4 s`, `42 s`, `3:07 min`, `1:02:03 h`. */
export function timeText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)} min`;
  return `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)} h`;
}

/** Whole seconds since 1970 as a date: `2026-09-15T12:00:00Z`. */
export const dateText = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replace(".000", "");
