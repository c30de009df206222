import { execFile } from "node:child_process";
import { createCipheriv, createHash } from "node:crypto";
import { copyFile, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Change, Overlay } from "../../lib/disk.ts";

const run = promisify(execFile);

/** Runs an ordinary tool with the system folders on PATH; both outputs as one text, failure included. */
export async function tool(
  name: string,
  ...words: readonly string[]
): Promise<{ ok: boolean; text: string }> {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: "C" };
  try {
    const { stdout, stderr } = await run(name, [...words], { env, maxBuffer: 64 << 20 });
    return { ok: true, text: stdout + stderr };
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string }; // execFile's own
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw error;
    return { ok: false, text: stdout + stderr };
  }
}

/** Runs a tool that must succeed. */
export async function must(name: string, ...words: readonly string[]): Promise<string> {
  const { ok, text } = await tool(name, ...words);
  if (!ok) throw new Error(`${name} ${words.join(" ")}: ${text}`);
  return text;
}

/** A folder that is removed with everything in it when its lease ends. */
export async function tempFolder(at = tmpdir()): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(at, "tpi-test-"));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

let copies = 0;

/** The image with changes applied, as a new file beside it. */
export async function applied(
  image: string,
  changes: Iterable<Change> | AsyncIterable<Change>,
): Promise<string> {
  copies += 1;
  const copy = `${image}.${copies}.edited`;
  await copyFile(image, copy);
  for await (const change of changes) await inject(copy, change.at, change.bytes);
  return copy;
}

/** All changes of an overlay. */
export async function changesOf(disk: Overlay): Promise<readonly Change[]> {
  const changes: Change[] = [];
  for await (const change of disk.changes()) changes.push(change);
  return changes;
}

/** Writes bytes into a file where they belong, leaving all others alone. */
export async function inject(file: string, at: number, bytes: Uint8Array): Promise<void> {
  await using handle = await open(file, "r+").then((held) => ({
    write: held.write.bind(held),
    [Symbol.asyncDispose]: () => held.close(),
  }));
  await handle.write(bytes, 0, bytes.length, at);
}

/** Copies a stretch of a file into a file of its own. */
export async function extract(file: string, part: { start: number; size: number }): Promise<string> {
  const out = `${file}.${part.start}.part`;
  await must(
    "dd",
    `if=${file}`,
    `of=${out}`,
    "bs=4k",
    "conv=sparse",
    "status=none",
    `skip=${part.start / 4096}`,
    `count=${part.size / 4096}`,
  );
  return out;
}

/** Bytes that look random and are the same for the same name. */
export function noise(name: string, length: number): Uint8Array {
  const key = createHash("sha256").update(name).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}
