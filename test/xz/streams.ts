import { spawn } from "node:child_process";
import { buffer } from "node:stream/consumers";
import type { Check } from "../../lib/xz.ts";

/** How one stream of a test file is made. */
export interface StreamShape {
  readonly content: Uint8Array;
  readonly check?: Check;
  /** Unpacked bytes in each block, as `xz --block-list` takes them; one block otherwise. */
  readonly blocks?: readonly number[];
  /** Zero bytes after it, a multiple of four. */
  readonly padding?: number;
  /** More words, such as `-T2`. */
  readonly words?: readonly string[];
}

/** Sends bytes through the `xz` of the system. */
export async function xz(
  words: readonly string[],
  input: Uint8Array,
): Promise<{ code: number; output: Buffer }> {
  const child = spawn("xz", [...words], { stdio: ["pipe", "pipe", "ignore"] });
  child.stdin.on("error", () => {}); // xz stops reading at the first bad byte
  child.stdin.end(input);
  const closed = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? -1)));
  const [output, code] = await Promise.all([buffer(child.stdout), closed]);
  return { code, output };
}

/** An .xz of several streams, made by the `xz` of the system. */
export async function xzOf(shapes: readonly StreamShape[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (const { content, check = "crc64", blocks = [], padding = 0, words = [] } of shapes) {
    const list = blocks.length > 0 ? [`--block-list=${blocks.join(",")}`] : [];
    const { code, output } = await xz(["-zc", "-0", `--check=${check}`, ...list, ...words], content);
    if (code !== 0) throw new Error(`xz ended with ${code}`);
    parts.push(output, Buffer.alloc(padding));
  }
  return Buffer.concat(parts);
}
