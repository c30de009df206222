import type { Readable } from "node:stream";
import { type Claim, claim } from "../claim.ts";
import { cmd } from "../core/cmd.ts";
import { digestOf } from "../core/digest.ts";
import { TpiError } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import type { Ssh } from "../ssh.ts";

/** A folder of a board's controller that holds a cache. */
export interface Far {
  readonly ssh: Ssh;
  /** An absolute path. */
  readonly dir: string;
}

/** A script for the controller's shell, its words (the folder is $dir already), and what messages call it. */
export interface Errand {
  readonly what: string;
  readonly script: string;
  readonly words?: readonly (string | number)[];
  readonly input?: string | Readable;
  readonly signal: AbortSignal;
}

/** How our scripts end where they have something to say. */
export const exits = { full: 28, readonly: 30, damaged: 65, noCard: 66, short: 74 } as const;

/** A card's folder is there without a card too, as a folder of the controller's own small flash: `df` tells. */
const head = `
dir=$1; shift
[ -x /bin/df ] && df=/bin/df || df=df
up=$dir
while [ ! -d "$up" ]; do up=\${up%/*}; [ -n "$up" ] || up=/; done
mount=$($df -kP "$up" | awk 'NR == 2 { print $6 }')
case $dir in
  /mnt/*) [ "$mount" = / ] && { echo "no card is mounted" >&2; exit ${exits.noCard}; } ;;
esac
`;

/** Makes the folders, and tries whether a file can be written. */
export const writable = `
{ mkdir -p "$dir/blocks" "$dir/parts" "$dir/out" && : > "$dir/parts/probe" && rm -f "$dir/parts/probe"; } || exit ${exits.readonly}
`;

/** Runs a script and gives what it prints. `CARD_MISSING`, `CACHE_READONLY`, `CACHE_DAMAGED`, `COMMAND_FAILED`. */
export async function errand(far: Far, of: Errand): Promise<string> {
  const { ssh, dir } = far;
  const { what, script, words = [], signal, input } = of;
  const { text } = cmd`sh -c ${`${head}${script}`} tpi ${[dir, ...words]}`;
  const command = { text, shown: what };
  const { code, stdout, stderr } = await ssh.exec(command, { signal, ...(input !== undefined && { input }) });
  if (code === 0) return stdout;
  const said = stderr.trim().split("\n").slice(-3).join("; ");
  const board = ssh.target.name;
  if (code === exits.noCard) throw new TpiError("CARD_MISSING", { board, path: dir });
  if (code === exits.readonly || /read-only file system|permission denied|input\/output error/i.test(said)) {
    throw new TpiError("CACHE_READONLY", { location: locationOf(far), why: said || "it takes no file" });
  }
  if (code === exits.damaged)
    throw new TpiError("CACHE_DAMAGED", { key: what, location: locationOf(far), why: said });
  throw new TpiError("COMMAND_FAILED", { where: board, command: what, exit: `code ${code}`, stderr: said });
}

export const locationOf = ({ ssh, dir }: Far): string => `${dir} on ${ssh.target.name}`;

/** The cache for one writer at a time, on whichever machine it runs; waits for the one before, and says for whom. */
export const turn = (far: Far, scope: Scope): Promise<Claim> =>
  claim(far.ssh, {
    name: `cache-${digestOf(far.dir).slice(0, 12)}`,
    what: `the cache ${locationOf(far)}`,
    signal: scope.signal,
    lasts: 30,
    patient: ({ pid, host, since }) =>
      scope.say(`waits for process ${pid} on ${host}, which writes to ${far.dir} since ${since}`),
  });

/** What holds an image while it is flashed. */
export const useName = (far: Far, sha256: string): string =>
  `use-${digestOf([far.dir, sha256]).slice(0, 12)}`;
