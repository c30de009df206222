// Prints what the kit does against the usual way, both measured in this run: an image of 2 GiB, with --large also one
// of 8 GiB, the memory that a large file and many files take, four nodes' images on their way to a board's card, and a
// second run of the main recipe; --json prints one object a line.
import { tableText } from "../lib/core/table.ts";
import { againBench } from "./bench/again.ts";
import { cardBench } from "./bench/card.ts";
import { imageBench, type Row } from "./bench/image.ts";
import { memoryBench } from "./bench/memory.ts";

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const scales = [
  { disk: 2048, files: 450 },
  ...(process.argv.includes("--large") ? [{ disk: 8192, files: 900 }] : []),
];
const round = (value: number | undefined) => (value === undefined ? "" : Number(value.toPrecision(3)));

for (const scale of scales) show(await imageBench(stop.signal, scale));
show(await memoryBench(stop.signal));
show(await cardBench(stop.signal));
show(await againBench(stop.signal));

function show(rows: readonly Row[]): void {
  const shown = rows.map((row) => ({
    ...row,
    ours: round(row.ours),
    usual: round(row.usual),
    ratio: round(row.ratio),
  }));
  if (process.argv.includes("--json")) for (const row of shown) console.log(JSON.stringify(row));
  else process.stdout.write(tableText(shown));
}
