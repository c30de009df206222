import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { TpiError } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { sizeText } from "../core/units.ts";
import { sendBlocks } from "./card-blocks.ts";
import { contentFile, survey } from "./card-reads.ts";
import type { Content } from "./content.ts";
import { errand, exits, type Far, locationOf, turn, writable } from "./far.ts";
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
  const card = await lookedAt(far, { content: order.content, scope });
  const sending = { order, scope, card, keeping };
  const cut = keeping === "blocks" || (keeping === "auto" && order.content.cuts !== undefined);
  const sent = cut && card.tools ? await sendBlocks(far, sending) : undefined;
  return sent ?? (await sendWhole(far, sending));
}

/** What a card has. Bytes. */
export interface Card {
  readonly free: number;
  /** What has arrived of this content as a whole file. */
  readonly arrived: { readonly bytes: number; readonly sha256: string };
  readonly tools: boolean;
  readonly fat: boolean;
}

/** A content on its way to a card. */
export interface Sending {
  readonly order: Order;
  readonly keeping: Keeping;
  readonly scope: Scope;
  readonly card: Card;
}

const ready = `${writable}
rm -rf "$dir"/parts/batch-* # of runs that are gone: one writes at a time
part=$dir/parts/$1.part
bytes=0 sum=-
if [ -f "$part" ]; then
  set -- $(ls -ln "$part"); bytes=$5
  sum=$(sha256sum < "$part"); sum=\${sum%% *}
fi
tools=yes
for tool in tar sha256sum xargs sort; do command -v $tool >/dev/null || tools=no; done
kind=$(awk -v mount="$mount" '$2 == mount { kind = $3 } END { print kind }' /proc/mounts 2>/dev/null)
echo "$($df -kP "$dir" | awk 'NR == 2 { print $4 }') $bytes $sum $tools \${kind:--}"
`;

async function lookedAt(far: Far, of: { content: Content; scope: Scope }): Promise<Card> {
  const { content, scope } = of;
  const words = [content.sha256];
  const out = await errand(far, { what: "look at the card", script: ready, words, signal: scope.signal });
  const [free = "0", bytes = "0", sha256 = "", tools, kind] = out.trim().split(" ");
  const arrived = { bytes: Number(bytes), sha256 };
  return { free: Number(free) * 1024, arrived, tools: tools === "yes", fat: kind === "vfat" };
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
  if (card.fat && content.size >= 2 ** 32) {
    throw new TpiError("CARD_FILE_LIMIT", { location: locationOf(far), size: sizeText(content.size) });
  }
  const from = await goodPrefix(content, { ...card.arrived, signal });
  await refuseFull(far, {
    order,
    scope,
    needed: content.size - from,
    free: card.free + card.arrived.bytes - from,
  });
  if (from > 0) scope.say(`${sizeText(from)} of ${key} have arrived before and are right: on from there`);
  const bar = scope.meter("send", content.size);
  bar.at(from);
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

/** Room that is left for the card's own tables, and for others. */
const margin = 1 << 20;

/** `CACHE_FULL` where the room does not do, with what could go. */
export async function refuseFull(
  far: Far,
  of: { order: Order; scope: Scope; needed: number; free: number },
): Promise<void> {
  const { order, scope, needed, free } = of;
  if (free >= needed + margin) return;
  const { entries } = await survey(far, scope.signal);
  const oldest = entries.toSorted((a, b) => a.used - b.used).filter(({ meta }) => meta.key !== order.key);
  const names = oldest.slice(0, 3).map(({ meta }) => `${meta.key} (${sizeText(meta.size)})`);
  const prunable =
    names.length > 0 ? `could go, unused for longest: ${names.join(", ")}` : "nothing of ours is on it";
  const [location, key] = [locationOf(far), order.key];
  throw new TpiError("CACHE_FULL", {
    location,
    key,
    needed: sizeText(needed),
    free: sizeText(free),
    prunable,
  });
}

/** Runs a sending; where it breaks off, asks the card why: it may be full, gone, or read-only by now. */
export async function reasoned<T>(
  far: Far,
  of: { order: Order; scope: Scope },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    of.scope.signal.throwIfAborted();
    const card = await lookedAt(far, { content: of.order.content, scope: of.scope });
    await refuseFull(far, { ...of, needed: margin, free: card.free });
    throw error;
  }
}
