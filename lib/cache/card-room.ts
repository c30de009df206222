import { TpiError } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { sizeText } from "../core/units.ts";
import type { Sending } from "./card-put.ts";
import { survey } from "./card-reads.ts";
import type { Content } from "./content.ts";
import { errand, type Far, locationOf, writable } from "./far.ts";
import type { Order } from "./store.ts";

/** What a card has. Bytes. */
export interface Card {
  readonly free: number;
  /** What has arrived of this content as a whole file. */
  readonly arrived: { readonly bytes: number; readonly sha256: string };
  /** Programs for blocks that the board does not have. */
  readonly lacks: readonly string[];
  readonly fat: boolean;
}

/** Without these nothing can be kept there, and without the others no blocks. */
const needed = ["awk", "base64", "cut", "sha256sum", "tr"];
const forBlocks = ["find", "sed", "sort", "tar", "tee", "xargs"];

// A program is asked for by running it: a shell that has programs of its own finds some that are not there.
const ready = `${writable}
rm -rf "$dir"/parts/batch-* # of runs that are gone: one writes at a time
find "$dir/parts" -type f -mtime +7 -exec rm -f {} + 2>/dev/null # nobody comes back for these
part=$dir/parts/$1.part; shift
bytes=0 sum=-
lacks=
for tool in "$@"; do
  $tool --help >/dev/null 2>&1 </dev/null
  [ $? = 127 ] && lacks="$lacks $tool"
done
if [ -f "$part" ]; then
  set -- $(ls -ln "$part"); bytes=$5
  sum=$(sha256sum < "$part"); sum=\${sum%% *}
fi
kind=$(mount | awk -v mount="$mount" '$3 == mount { kind = $5 } END { print kind }')
free=$($df -kP "$dir" | awk 'NR == 2 { print $4 }')
echo "\${free:-0} $bytes \${sum:--} \${kind:--}$lacks"
`;

/** What there is on the card, and of a content. `CARD_TOOLS` where the board cannot keep anything. */
export async function lookedAt(far: Far, of: { content: Content; scope: Scope }): Promise<Card> {
  const { content, scope } = of;
  const words = [content.sha256, ...needed, ...forBlocks];
  const out = await errand(far, { what: "look at the card", script: ready, words, signal: scope.signal });
  const [free = "0", bytes = "0", sha256 = "", kind, ...lacks] = out.trim().split(" ");
  const missing = needed.filter((tool) => lacks.includes(tool));
  if (missing.length > 0)
    throw new TpiError("CARD_TOOLS", { board: far.ssh.target.name, lacks: missing.join(", ") });
  const arrived = { bytes: Number(bytes), sha256 };
  return { free: Number(free) * 1024, arrived, lacks, fat: kind === "vfat" };
}

/** `CARD_FILE_LIMIT` for what FAT32 takes neither as a whole file nor put together from blocks. */
export function refuseLarge(far: Far, { card, order }: Sending): void {
  const { size } = order.content;
  if (!card.fat || size < 2 ** 32) return;
  throw new TpiError("CARD_FILE_LIMIT", { location: locationOf(far), size: sizeText(size) });
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
