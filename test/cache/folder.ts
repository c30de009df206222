import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import type { TestContext } from "node:test";
import type { Content } from "../../lib/cache.ts";
import { ambient } from "../../lib/core/scope.ts";

/** A folder of the test's own, gone afterwards. */
export async function folder(t: Pick<TestContext, "after">): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), "tpi-cache-"));
  t.after(() => rm(made, { recursive: true, force: true, maxRetries: 5 }));
  return made;
}

/** Bytes as content, cut into pieces where lengths are given. */
export function contentOf(
  bytes: Uint8Array,
  cuts?: readonly number[],
): Content & { readonly bytes: Uint8Array } {
  return {
    name: "disk.img.xz",
    size: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    stream: () => Readable.from(chunks(bytes), { objectMode: false }),
    bytes,
    ...(cuts && { cuts }),
  };
}

function* chunks(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

export const someBytes = (length: number): Content & { readonly bytes: Uint8Array } =>
  contentOf(randomBytes(length));

export const scope = ambient();

/** All bytes of a stream. */
export const bytesOf = async (stream: Readable): Promise<Buffer> => Buffer.concat(await stream.toArray());
