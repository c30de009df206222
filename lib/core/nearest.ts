/** The word of `known` that `word` was probably meant to be, or none when nothing is close. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const close = Math.max(2, Math.ceil(word.length / 3));
  const ranked = known
    .map((one) => ({ one, far: distance(word.toLowerCase(), one.toLowerCase()) }))
    .sort((a, b) => a.far - b.far);
  const best = ranked[0];
  return best && best.far <= close && best.far < word.length ? best.one : undefined;
}

/** Whether `word` is `meant` with one letter added, dropped or changed, or two neighbours swapped. */
export function isSlip(word: string, meant: string): boolean {
  const swapped = meant
    .split("")
    .map((_, at) => meant.slice(0, at) + (meant[at + 1] ?? "") + (meant[at] ?? "") + meant.slice(at + 2));
  return distance(word, meant) === 1 || (word !== meant && swapped.includes(word));
}

/** Levenshtein: the letters to add, drop or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [down, letter] of a.split("").entries()) {
    const next = [down + 1];
    for (const [across, other] of b.split("").entries()) {
      const swap = (row[across] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(swap, (row[across + 1] ?? 0) + 1, (next[across] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
