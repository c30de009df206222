import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import writeFileAtomic from "write-file-atomic";
import { digestOf } from "../core/digest.ts";
import { isFault, TpiError } from "../core/fault.ts";
import { paths } from "../core/paths.ts";
import { planning } from "../core/plan.ts";
import type { Scope } from "../core/scope.ts";
import { mirrored, mirrorInForce } from "./mirror.ts";
import { fileNameOf, type RemoteBase } from "./remote.ts";
import { discard, type Line } from "./request.ts";
import { type Digest, listedDigest } from "./sums.ts";

const longest = 4 << 20; // a list of sums is some kilobytes

/**
 * The digest that a remote file must have: the given one, or what its publisher lists today. Where the publisher cannot
 * be asked, what it said last. `undefined` where nothing is given; `DOWNLOAD_UNLISTED`, `DOWNLOAD_FAILED`.
 */
export async function publishedDigest(
  remote: RemoteBase,
  by: { readonly line: Line; readonly scope: Scope },
): Promise<Digest | undefined> {
  if (remote.sha256 !== undefined) return { algorithm: "sha256", hex: remote.sha256 };
  if (remote.sums === undefined) return undefined;
  const note = path.join(paths().cache, "sums", digestOf([remote.sums, remote.url]));
  const url = mirrored(remote.sums, mirrorInForce());
  const list = await listAt(url, by).catch(async (error: unknown) => {
    const known = isFault(error, "DOWNLOAD_FAILED")
      ? await readFile(note, "utf8").catch(() => undefined)
      : undefined;
    if (known === undefined) throw error;
    by.scope.say(`${url} cannot be asked, so what it said last holds`);
    return known;
  });
  const name = fileNameOf(remote.url);
  const digest = listedDigest(list, name);
  if (!digest) throw new TpiError("DOWNLOAD_UNLISTED", { name, sums: url, found: list.slice(0, 40) });
  if (!planning()) {
    await mkdir(path.dirname(note), { recursive: true });
    await writeFileAtomic(note, list);
  }
  return digest;
}

async function listAt(url: string, { line, scope }: { line: Line; scope: Scope }): Promise<string> {
  try {
    const answer = await line.ask(url, { plain: false, signal: scope.signal });
    if (answer.status === 200 && Number(answer.headers["content-length"] ?? 0) <= longest)
      return await text(answer.body);
    discard(answer);
    throw new TpiError("DOWNLOAD_FAILED", { url, why: `the server answers ${answer.status}` });
  } catch (cause) {
    scope.signal.throwIfAborted();
    if (cause instanceof TpiError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TpiError("DOWNLOAD_FAILED", { url, why }, { cause });
  }
}
