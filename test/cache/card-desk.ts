import { createHash, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { bmcCache } from "../../lib/cache.ts";
import type { Desk } from "../bmc/desk.ts";
import { contentOf } from "./folder.ts";

let made = 0;

/** A cache in a folder of its own on a board's card, and where that folder is on this machine. */
export function onCard(own: Desk, keeping?: "blocks" | "whole") {
  const folder = `/mnt/sdcard/tpi-${made++}`;
  const cache = bmcCache(own.bmc.ssh, { folder, ...(keeping && { keeping }) });
  return { cache, folder, here: path.join(own.board.root, folder) };
}

/** The files below a folder, by their paths in it. */
export const filesBelow = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []))
    .filter((one) => one.isFile())
    .map((one) => path.relative(folder, path.join(one.parentPath, one.name)))
    .sort();

/** The sha256 of bytes, in hex. */
export const sums = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Content of random pieces: those of `like`, but for some that get other bytes. */
export function pieced(lengths: readonly number[], like?: Uint8Array, change: readonly number[] = []) {
  let at = 0;
  const parts = lengths.map((length, index) => {
    const kept = like && !change.includes(index) ? like.subarray(at, at + length) : randomBytes(length);
    at += length;
    return kept;
  });
  return contentOf(Buffer.concat(parts), lengths);
}
