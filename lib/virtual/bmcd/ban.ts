/** Counts failed logins by address, and bans. Bans end by the clock; all are gone with the daemon. */
export interface BanPatrol {
  /** Milliseconds that this address is banned for still, or nothing. */
  left(address: string): number | undefined;
  fail(address: string): void;
  succeed(address: string): void;
}

/** A patrol without entries. The fifth failure bans for 60 s, each later one for twice as long, up to 1024 minutes. */
export function banPatrol(clock: () => number, attempts = 5): BanPatrol {
  const failures = new Map<string, { count: number; until: number }>();
  return {
    left: (address) => {
      const left = (failures.get(address)?.until ?? 0) - clock();
      return left > 0 ? left : undefined;
    },
    fail: (address) => {
      const count = (failures.get(address)?.count ?? 0) + 1;
      const minutes = count < attempts ? 0 : 2 ** Math.min(count - attempts, 10);
      failures.set(address, { count, until: minutes === 0 ? 0 : clock() + minutes * 60_000 });
    },
    succeed: (address) => void failures.delete(address),
  };
}

const units = [
  ["day", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** A time in the words that the daemon uses: `1m`, `59s 998ms`. */
export function inWords(ms: number): string {
  let left = Math.max(1, Math.round(ms));
  const words: string[] = [];
  for (const [unit, length] of units) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count > 0) words.push(`${count}${unit}${unit === "day" && count > 1 ? "s" : ""}`);
  }
  return words.join(" ");
}
