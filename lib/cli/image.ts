import { exitCodes } from "../core/fault.ts";
import { tableText } from "../core/table.ts";
import { sizeText } from "../core/units.ts";
import { type Image, image, type Report, type Shown } from "../image.ts";

/** Looks for mistakes in an image, prints them, and sets exit code 1 where one is an error. */
export async function checkImage(base: string, { json }: { readonly json: boolean }): Promise<void> {
  const given = imageOf(base);
  if (!given) return;
  const report = await given.check();
  process.stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(report));
  if (report.errors > 0) process.exitCode = exitCodes.failed;
}

/** A report for a person: a line for each finding, its hint below. */
export function reportText({ image: name, os, findings, errors }: Report): string {
  const lines = findings.flatMap(({ severity, path, text, rule, hint }) => [
    `${severity.padEnd(7)}  ${path} ${text}  (${rule})`,
    `         ${hint}`,
  ]);
  const count = (much: number, word: string) => `${much} ${word}${much === 1 ? "" : "s"}`;
  const verdict = `${name} (${os}): ${count(errors, "error")}, ${count(findings.length - errors, "other finding")}`;
  return `${[...lines, verdict].join("\n")}\n`;
}

/** Prints what an image is: layout, system, sizes, and the engine that would edit it. */
export async function showImage(base: string): Promise<void> {
  const given = imageOf(base);
  if (given) process.stdout.write(shownText(await given.show()));
}

/** The image that a word names; of one that names none, why is said. */
export function imageOf(base: string): Image | undefined {
  try {
    return image(base);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = exitCodes.usage;
    return undefined;
  }
}

/** What an image is, for a person. */
export function shownText({ path, sha256, size, blocks, table, os, engine }: Shown): string {
  const rows = table.partitions.map(({ index, start, size: bytes, content, name }) => ({
    partition: index,
    start: sizeText(start),
    size: sizeText(bytes),
    holds: content.kind === "other" ? content.name : content.kind,
    label: "label" in content ? content.label : "",
    name,
  }));
  const facts = os
    ? `${os.title}${os.arch ? `, ${os.arch}` : ""}; takes its identity by ${os.mechanism}`
    : "not known";
  return [
    `image   ${path}`,
    `sha256  ${sha256}`,
    `size    ${sizeText(size.disk)}, ${sizeText(size.packed)} packed in ${blocks} block${blocks === 1 ? "" : "s"}`,
    `table   ${table.kind}${table.damage ? ` (${table.damage})` : ""}`,
    tableText(rows).trimEnd().replaceAll(/^/gm, "        "),
    `system  ${facts}`,
    `engine  ${typeof engine === "string" ? engine : `none: ${engine.none}`}\n`,
  ].join("\n");
}
