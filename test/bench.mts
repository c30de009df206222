// Prints what the kit does against the usual way, both measured in this run; `--json` prints one object a line.
import { tableText } from "../lib/core/table.ts";
import { imageBench } from "./bench/image.ts";

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const benches = [imageBench];
const round = (value: number) => Number(value.toPrecision(3));

for (const bench of benches) {
  const rows = (await bench(stop.signal)).map((row) => ({
    ...row,
    ours: round(row.ours),
    usual: round(row.usual),
    ratio: round(row.ratio),
  }));
  if (process.argv.includes("--json")) for (const row of rows) console.log(JSON.stringify(row));
  else process.stdout.write(tableText(rows));
}
