/** Bytes that the controller keeps of each UART. */
export const ringBytes = 16 * 1024;

/** What was new in a reading, and what to compare the next one with. */
export interface Reading {
  readonly fresh: string;
  readonly seen: string;
}

/**
 * What a reading of the whole ring adds to the one before. The ring may have moved on: then the longest end of the
 * old reading that begins the new one is what both share; where they share nothing, all of it is new. Replacement
 * characters at the edges are halves of characters, and are left for the next reading or dropped.
 */
export function grown(before: string, now: string): Reading {
  const seen = now.replace(/\uFFFD{1,3}$/, "");
  if (seen.startsWith(before)) return { fresh: seen.slice(before.length), seen };
  const whole = seen.replace(/^\uFFFD{1,3}/, "");
  return { fresh: whole.slice(overlap(before, whole)), seen };
}

/** The length of the longest end of `left` that `right` begins with, in linear time. */
export function overlap(left: string, right: string): number {
  const border = new Int32Array(right.length + 1);
  let length = 0;
  for (let at = 1; at < right.length; at += 1) {
    while (length > 0 && right[at] !== right[length]) length = border[length - 1] ?? 0;
    if (right[at] === right[length]) length += 1;
    border[at] = length;
  }
  length = 0;
  for (const char of left.slice(-right.length).split("")) {
    while (length > 0 && (length === right.length || char !== right[length]))
      length = border[length - 1] ?? 0;
    if (char === right[length]) length += 1;
  }
  return length;
}
