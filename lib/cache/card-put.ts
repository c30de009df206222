import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Scope } from "../core/scope.ts";
import { sizeText } from "../core/units.ts";
import { sendBlocks } from "./card-blocks.ts";
import { contentFile } from "./card-reads.ts";
import { type Card, lookedAt, reasoned, refuseFull, refuseLarge } from "./card-room.ts";
import { sweepOut } from "./card-tidy.ts";
import type { Content } from "./content.ts";
import { errand, exits, type Far, turn } from "./far.ts";
import { describe, metaText, type Stored } from "./metadata.ts";
import type { Order } from "./store.ts";

/** How images are kept: blocks once and images as lists, whole files, or whatever the card has room and tools for. */
export type Keeping = "blocks" | "whole" | "auto";

/** Sends a content under a key. What is sent of it already is not sent again; it is seen only once all is there and hashed. */
export async function save(
  far: Far,
  of: { readonly order: Order; readonly keeping: Keeping; readonly scope: Scope },
): Promise<Stored> {
  const { order, keeping } = of;
  await using own = await turn(far, of.scope);
  const scope = { ...of.scope, signal: own.signal };
  await sweepOut(far, own.signal);
  const card = await lookedAt(far, { content: order.content, scope });
  const sending = { order, scope, card, keeping };
  refuseLarge(far, sending);
  const cut = keeping === "blocks" || (keeping === "auto" && order.content.cuts !== undefined);
  if (!cut) return await sendWhole(far, sending);
  if (card.lacks.length > 0) {
    scope.say(`the board lacks ${card.lacks.join(", ")}: ${order.key} is kept as a whole file`);
    return await sendWhole(far, sending);
  }
  return (await sendBlocks(far, sending)) ?? (await sendWhole(far, sending));
}

/** A content on its way to a card. */
export interface Sending {
  readonly order: Order;
  readonly keeping: Keeping;
  readonly scope: Scope;
  readonly card: Card;
}

const receive = `
part=$dir/parts/$1.part
trap '' PIPE
case $2 in append) cat >> "$part" ;; *) cat > "$part" ;; esac || exit ${exits.short}
`;

const publish = `
cd "$dir" || exit 1
part=parts/$1.part
set -- "$@" $(sha256sum < "$part")
[ "$5" = "$1" ] || { rm -f "$part"; echo "what has arrived hashes to $5, not $1" >&2; exit ${exits.damaged}; }
sync
rm -f "$2.meta" "$2.list"
mv -f "$part" "$3" && echo "$4" > "parts/$2.meta" && sync && mv -f "parts/$2.meta" "$2.meta"
`;

async function sendWhole(far: Far, { order, scope, card }: Sending): Promise<Stored> {
  const { content, name, key, facts } = order;
  const { signal } = scope;
  const from = await goodPrefix(content, { ...card.arrived, signal });
  await refuseFull(far, {
    order,
    scope,
    needed: content.size - from,
    free: card.free + card.arrived.bytes - from,
  });
  if (from > 0) scope.say(`${sizeText(from)} of ${key} have arrived before and are right: on from there`);
  const bar = scope.meter("send", content.size);
  bar.from(from);
  const bytes = rest(content, { from, signal, count: (amount) => bar.add(amount) });
  const input = Readable.from(bytes, { objectMode: false });
  const words = [content.sha256, from > 0 ? "append" : "anew"];
  if (from < content.size || content.size === 0) {
    await reasoned(far, { order, scope }, () =>
      errand(far, { what: `send ${key}`, script: receive, words, input, signal }),
    ).finally(() => bar.end());
  }
  bar.end();
  const meta = describe({ key, facts, content, kept: "whole" });
  const all = [content.sha256, name, contentFile(meta), metaText(meta).trim()];
  await errand(far, { what: `publish ${key}`, script: publish, words: all, signal });
  return { ...meta, sent: content.size - from };
}

/** How many bytes of what has arrived are the content's own; none where any of them is not. */
async function goodPrefix(
  content: Content,
  arrived: { bytes: number; sha256: string; signal: AbortSignal },
): Promise<number> {
  if (arrived.bytes === 0 || arrived.bytes > content.size) return 0;
  const hash = createHash("sha256");
  let left = arrived.bytes;
  const stream: AsyncIterable<Buffer> = content.stream(arrived.signal);
  for await (const chunk of stream) {
    hash.update(chunk.subarray(0, left));
    left -= Math.min(left, chunk.length);
    if (left === 0) break;
  }
  return hash.digest("hex") === arrived.sha256 ? arrived.bytes : 0;
}

async function* rest(
  content: Content,
  of: { from: number; signal: AbortSignal; count: (amount: number) => void },
): AsyncGenerator<Buffer> {
  let skip = of.from;
  const stream: AsyncIterable<Buffer> = content.stream(of.signal);
  for await (const chunk of stream) {
    const wanted = chunk.subarray(skip);
    skip -= Math.min(skip, chunk.length);
    if (wanted.length === 0) continue;
    of.count(wanted.length);
    yield wanted;
  }
}
