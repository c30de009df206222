import { createHash } from "node:crypto";
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
  statSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { TpiError } from "../core/fault.ts";

/** Something of a copied tree; `at` is its place below the target, empty for the target itself. */
export type HostEntry = { readonly at: string } & (
  | { readonly kind: "file"; readonly mode: number; readonly size: number; readonly sha256: string }
  | { readonly kind: "folder"; readonly mode: number }
  | { readonly kind: "link"; readonly target: string }
);

/**
 * A file, or a folder with all that is in it, sorted; every file is read once for its sha256. Links inside stay links;
 * `from` itself is followed. Permission bits are kept (no set-user-id), owners and times are not. `FILE_MISSING`, and
 * `COPY_UNFIT` for sockets and devices.
 */
export function hostTree(from: string): readonly HostEntry[] {
  try {
    return [...walk({ from, at: "", facts: statSync(from) })];
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT")
      throw new TpiError("FILE_MISSING", { path: from, what: "file or folder to copy" }, { cause });
    throw cause;
  }
}

function* walk(one: { from: string; at: string; facts: Stats }): Iterable<HostEntry> {
  const { from, at, facts } = one;
  const mode = facts.mode & 0o777;
  if (facts.isSymbolicLink()) yield { kind: "link", at, target: readlinkSync(from) };
  else if (facts.isFile()) yield { kind: "file", at, mode, ...hashed(from) };
  else if (facts.isDirectory()) {
    yield { kind: "folder", at, mode };
    for (const name of readdirSync(from).toSorted()) {
      const below = `${from}/${name}`;
      yield* walk({ from: below, at: `${at}/${name}`, facts: lstatSync(below) });
    }
  } else throw new TpiError("COPY_UNFIT", { path: from, is: kindOf(facts) });
}

function kindOf(facts: Stats): string {
  if (facts.isSocket()) return "a socket";
  return facts.isFIFO() ? "a pipe" : "a device";
}

const stride = 1 << 20;

function hashed(file: string): { size: number; sha256: string } {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(stride);
  const handle = openSync(file, "r");
  try {
    let size = 0;
    for (let read = -1; read !== 0; size += read) {
      read = readSync(handle, piece);
      hash.update(piece.subarray(0, read));
    }
    return { size, sha256: hash.digest("hex") };
  } finally {
    closeSync(handle);
  }
}

/**
 * A file's bytes in pieces of 1 MiB, at least one, each good until the next is asked for; `FILE_CHANGED` at their end
 * where they are no longer the hashed ones.
 */
export async function* pieces(
  file: { readonly path: string; readonly sha256: string },
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const hash = createHash("sha256");
  await using handle = await open(file.path, "r").catch((cause: unknown) => {
    throw new TpiError("FILE_CHANGED", { path: file.path }, { cause });
  });
  const buffer = Buffer.allocUnsafe(stride);
  for (let at = 0, last = false; !last; ) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, stride, at);
    last = bytesRead === 0;
    hash.update(buffer.subarray(0, bytesRead));
    if (bytesRead > 0 || at === 0) yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
  if (hash.digest("hex") !== file.sha256) throw new TpiError("FILE_CHANGED", { path: file.path });
}
