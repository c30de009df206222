import { planning } from "./plan.ts";

/** Prints records as an aligned table on standard output, keys as headings; in a plan it prints nothing. */
export function table(rows: readonly Readonly<Record<string, string | number | undefined>>[]): void {
  if (!planning()) process.stdout.write(tableText(rows));
}

/** The text of {@link table}: every column as wide as its longest cell. */
export function tableText(rows: readonly Readonly<Record<string, string | number | undefined>>[]): string {
  const heads = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = [heads, ...rows.map((row) => heads.map((head) => String(row[head] ?? "")))];
  const wide = heads.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(wide[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
