import path from "node:path";
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLError } from "yaml";
import { TpiError } from "../core/fault.ts";
import { expanded } from "./variables.ts";
import { type Origin, type Path, pathText, type Written } from "./written.ts";

/** A YAML text and the file it came from. */
export interface Text {
  readonly file: string;
  readonly text: string;
}

/**
 * Reads a YAML 1.2 text with its variables replaced by those of the environment. `CONFIG_SYNTAX` where it is not one
 * sound document, `CONFIG_VARIABLE` where a variable is not set.
 */
export function writtenIn({ file, text }: Text): Written {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const where = (offset: number) => `${shownFile(file)}:${lines.linePos(offset).line}`;
  const refused = (offset: number, why: string) => {
    const line = text.split("\n")[lines.linePos(offset).line - 1] ?? "";
    const unquoted = /[{[].*[\s:,[]\$\{/.test(line) ? " (inside { } and [ ] a variable needs quotes)" : "";
    return new TpiError("CONFIG_SYNTAX", { at: where(offset), why: why + unquoted });
  };
  const first: YAMLError | undefined = document.errors[0] ?? document.warnings[0];
  if (first) throw refused(first.pos[0], first.message);

  const origin = (node: Node | null): Origin => ({
    at: where(node?.range?.[0] ?? 0),
    folder: path.dirname(file),
  });
  const scalar = (value: unknown, at: { path: Path; source: string; origin: Origin }): Written => {
    if (typeof value !== "string") return { kind: "scalar", value, source: at.source, origin: at.origin };
    const result = expanded(value, process.env);
    const spot = { at: at.origin.at, path: pathText(at.path) };
    if (result.kind === "unset") throw new TpiError("CONFIG_VARIABLE", { ...spot, name: result.name });
    if (result.kind === "malformed") {
      const problem = { ...spot, found: result.piece, wanted: "a variable as ${NAME} or ${NAME:-default}" };
      throw new TpiError("CONFIG_INVALID", { problems: [problem] });
    }
    return { kind: "scalar", value: result.text, source: JSON.stringify(result.text), origin: at.origin };
  };
  const walk = (node: Node | null, at: { path: Path; origin: Origin }): Written => {
    if (isAlias(node))
      throw refused(node.range?.[0] ?? 0, `*${node.source}: write the value out, or use extends`);
    if (isSeq<Node>(node)) {
      const items = node.items.map((item, n) => walk(item, { path: [...at.path, n], origin: origin(item) }));
      return { kind: "list", origin: at.origin, items };
    }
    if (isMap<Node, Node | null>(node)) {
      const entries = node.items.map(({ key, value }) => {
        if (!isScalar(key)) throw refused(key.range?.[0] ?? 0, "a key must be one word");
        const name = String(key.value);
        return [name, walk(value, { path: [...at.path, name], origin: origin(key) })] as const;
      });
      return { kind: "map", origin: at.origin, entries: new Map(entries) };
    }
    const value = isScalar(node) ? node.value : null;
    return scalar(value, { ...at, source: (isScalar(node) && node.source) || "nothing" });
  };
  return walk(document.contents, { path: [], origin: origin(document.contents) });
}

/** A file as it is shown: from the working folder where it lies below it. */
export function shownFile(file: string): string {
  const near = path.relative(process.cwd(), file);
  return near.startsWith("..") || near === "" ? file : near;
}
