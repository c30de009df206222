// Prints what the kit does against the usual way, both measured in this run: an image of 2 GiB, with --large also one
// of 8 GiB; --json prints one object a line.
import { tableText } from "../lib/core/table.ts";
import { imageBench } from "./bench/image.ts";

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const scales = [
  { disk: 2048, files: 450 },
  ...(process.argv.includes("--large") ? [{ disk: 8192, files: 900 }] : []),
];
const round = (value: number) => Number(value.toPrecision(3));

for (const scale of scales) {
  const rows = (await imageBench(stop.signal, scale)).map((row) => ({
    ...row,
    ours: round(row.ours),
    usual: round(row.usual),
    ratio: round(row.ratio),
  }));
  if (process.argv.includes("--json")) for (const row of rows) console.log(JSON.stringify(row));
  else process.stdout.write(tableText(rows));
}
