import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import pLimit from "p-limit";
import { TpiError } from "../core/fault.ts";
import type { Meter } from "../core/progress.ts";
import { sizeText } from "../core/units.ts";
import type { Sending } from "./card-put.ts";
import { contentFile } from "./card-reads.ts";
import { reasoned, refuseFull } from "./card-room.ts";
import { errand, exits, type Far } from "./far.ts";
import { describe, metaText, type Stored } from "./metadata.ts";
import { carved, listText, type Piece, piecesOf, sha256Of } from "./pieces.ts";
import { tarEnd, tarEntry } from "./tar.ts";

/**
 * Sends the blocks of a content that the card does not have, each once, and then the list that they are put together
 * by. Undefined, with nothing done, where the card could hold the blocks but not the image beside them.
 */
export async function sendBlocks(far: Far, sending: Sending): Promise<Stored | undefined> {
  const { order, scope, card, keeping } = sending;
  const { content, key, name, facts } = order;
  const { signal } = scope;
  const { pieces, sha256 } = await piecesOf(content, signal);
  if (sha256 !== content.sha256) throw new TpiError("FILE_CHANGED", { path: content.name });
  const missing = await missingOf(far, { pieces, signal });
  const bytes = [...missing.values()].reduce((sum, length) => sum + length, 0);
  if (keeping === "auto" && bytes + content.size > card.free) return undefined;
  await refuseFull(far, { order, scope, needed: bytes, free: card.free });
  scope.say(`${key}: ${sizeText(bytes)} of ${sizeText(content.size)} are not on the card yet`);
  const bar = scope.meter("send", bytes);
  try {
    await reasoned(far, sending, () => send(far, { ...sending, missing, bar }));
  } finally {
    bar.end();
  }
  const meta = describe({ key, facts, content, kept: "blocks" });
  const words = [name, contentFile(meta), metaText(meta).trim()];
  await errand(far, { what: `publish ${key}`, script: publish, words, input: listText(pieces), signal });
  return { ...meta, sent: bytes };
}

const publish = `
cd "$dir" || exit 1
cat > "parts/$1.list" && sync && rm -f "$1.meta" && mv -f "parts/$1.list" "$2" &&
  echo "$3" > "parts/$1.meta" && sync && mv -f "parts/$1.meta" "$1.meta"
`;

const absent = `
cd "$dir" || exit 1
while read -r sum length; do
  block=blocks/\${sum%\${sum#??}}/$sum
  [ -f "$block" ] && set -- $(ls -ln "$block") && [ "$5" = "$length" ] || echo "$sum"
done
`;

/** The blocks that are not there in their full length, by their sha256. */
async function missingOf(
  far: Far,
  of: { pieces: readonly Piece[]; signal: AbortSignal },
): Promise<ReadonlyMap<string, number>> {
  const once = new Map(of.pieces.map(({ sha256, length }) => [sha256, length]));
  const input = listText([...once].map(([sha256, length]) => ({ sha256, length })));
  const out = await errand(far, { what: "compare blocks", script: absent, input, signal: of.signal });
  return new Map(
    out
      .split("\n")
      .filter(Boolean)
      .map((sha256) => [sha256, once.get(sha256) ?? 0]),
  );
}

/** Blocks count once they hash to their names on the card; while a batch is hashed, the next one is on its way. */
const receive = `
batch=$dir/parts/batch-$1
mkdir -p "$batch" && cd "$batch" || exit ${exits.readonly}
tar -xf - || exit ${exits.short}
sha256sum -c SUMS >/dev/null || { cd ..; rm -rf "$batch"; echo "blocks that arrived are not what was sent" >&2; exit ${exits.damaged}; }
sync
while read -r sum file; do
  to=../../blocks/\${sum%\${sum#??}}
  mkdir -p "$to" && mv -f "$sum" "$to/$sum" || exit 1
done < SUMS
cd .. && rm -rf "$batch"
`;

const batchBytes = 16 << 20;

async function send(
  far: Far,
  of: Sending & { readonly missing: ReadonlyMap<string, number>; readonly bar: Meter },
): Promise<void> {
  const { order, scope, missing, bar } = of;
  const { signal } = scope;
  const lanes = pLimit(2);
  const left = new Set(missing.keys());
  let batch: Buffer[] = [];
  let sending: Promise<unknown>[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    const blocks = batch;
    batch = [];
    const input = Readable.from(archive(blocks, bar), { objectMode: false });
    const words = [randomBytes(6).toString("hex")];
    const work = lanes(() =>
      errand(far, { what: `send ${order.key}`, script: receive, words, input, signal }),
    );
    work.catch(() => undefined); // it is awaited below, after the next batch was read
    sending.push(work);
    if (sending.length < 2) return;
    const [first, ...others] = sending;
    sending = others;
    await first;
  };
  try {
    for await (const bytes of carved(order.content, signal)) {
      if (!left.delete(sha256Of(bytes))) continue;
      batch.push(bytes);
      if (batch.reduce((sum, one) => sum + one.length, 0) >= batchBytes) await flush();
    }
    await flush();
  } finally {
    await Promise.allSettled(sending);
  }
  await Promise.all(sending);
}

function* archive(blocks: readonly Buffer[], bar: Meter): Generator<Uint8Array> {
  const names = blocks.map(sha256Of);
  for (const [at, bytes] of blocks.entries()) {
    yield* tarEntry(names[at] ?? "", bytes);
    bar.add(bytes.length);
  }
  yield* tarEntry("SUMS", Buffer.from(names.map((name) => `${name}  ${name}\n`).join("")));
  yield tarEnd;
}
