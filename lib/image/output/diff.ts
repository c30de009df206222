import { inOrder, type Listed, listAll, type Partition, partitions, type Source } from "../../disk.ts";
import { sameContent } from "./same-content.ts";

/** What is different about a path. */
export type Aspect = "kind" | "content" | "mode" | "owner" | "target";

/** One path that is not what it was. Numbers as the file system has them. */
export interface FileChange {
  readonly path: string;
  readonly change: "added" | "removed" | "changed";
  /** What of it, where it was there before and after. */
  readonly aspects: readonly Aspect[];
  readonly before: Standing | undefined;
  readonly after: Standing | undefined;
}

/** What stands at a path. */
export type Standing = Pick<Listed, "kind" | "size" | "uid" | "gid"> & {
  /** In octal, such as `0644`. */
  readonly mode: string;
  readonly target?: string;
};

/** The changes of one partition, sorted by path. */
export interface VolumeDiff {
  readonly partition: number;
  readonly label: string;
  readonly changes: readonly FileChange[];
}

/** Two disks to compare. */
export interface DiffJob {
  readonly before: Source;
  readonly after: Source;
  /** Whether any byte of a stretch may differ; without it every file's content is read. */
  readonly changed?: (at: number, length: number) => boolean;
  readonly signal: AbortSignal;
}

/** A partition that can be found on one of the two disks, or on both. */
interface Pair {
  readonly before: Partition | undefined;
  readonly after: Partition | undefined;
}

/**
 * What is different about the files of two disks, partition by partition in the order of their numbers, by looking at
 * all of them: whoever made the edits is not asked. Times are not compared, nor what no file system can be read of.
 */
export async function diffDisks(job: DiffJob): Promise<readonly VolumeDiff[]> {
  const [before, after] = [await partitions(job.before), await partitions(job.after)];
  const numbers = new Set([...before.partitions, ...after.partitions].map(({ index }) => index));
  const found: VolumeDiff[] = [];
  for (const number of [...numbers].toSorted((a, b) => a - b)) {
    const pair = {
      before: before.partitions.find(({ index }) => index === number),
      after: after.partitions.find(({ index }) => index === number),
    };
    if (untouched(pair, job)) continue;
    const changes = await diffVolumes(pair, job);
    const content = (pair.after ?? pair.before)?.content;
    const label = content && "label" in content ? content.label : "";
    if (changes.length > 0) found.push({ partition: number, label, changes });
  }
  return found;
}

/** Whether no byte of a partition has changed, and it stands where it stood. */
function untouched({ before, after }: Pair, { changed }: DiffJob): boolean {
  if (!before || !after || !changed) return false;
  return before.start === after.start && before.size === after.size && !changed(after.start, after.size);
}

async function diffVolumes(pair: Pair, job: DiffJob): Promise<readonly FileChange[]> {
  const { signal } = job;
  const list = (disk: Source, partition: Partition | undefined) =>
    partition ? listAll({ disk, partition, signal }) : nothing();
  const same = sameContent({
    ...job,
    starts: { before: pair.before?.start ?? 0, after: pair.after?.start ?? 0 },
  });
  const found: FileChange[] = [];
  const both = { before: list(job.before, pair.before), after: list(job.after, pair.after) };
  for await (const { path, was, now } of sideBySide(both)) {
    signal.throwIfAborted();
    const aspects = was && now ? await aspectsOf(was, now, same) : [];
    if (was && now && aspects.length === 0) continue;
    found.push({
      path,
      change: was && now ? "changed" : was ? "removed" : "added",
      aspects,
      before: was && standing(was),
      after: now && standing(now),
    });
  }
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function* nothing(): AsyncGenerator<Listed> {}

interface Two {
  readonly path: string;
  readonly was: Listed | undefined;
  readonly now: Listed | undefined;
}

/** Two listings as one, path by path: neither is ever whole in memory. */
async function* sideBySide(both: {
  before: AsyncGenerator<Listed>;
  after: AsyncGenerator<Listed>;
}): AsyncGenerator<Two> {
  const { before, after } = both;
  const next = async (list: AsyncGenerator<Listed>): Promise<Listed | undefined> => {
    const { value, done } = await list.next();
    return done ? undefined : value;
  };
  try {
    let [was, now] = [await next(before), await next(after)];
    while (was || now) {
      const order = was && now ? inOrder(was.path, now.path) : was ? -1 : 1;
      if (was && order <= 0) yield { path: was.path, was, now: order === 0 ? now : undefined };
      else if (now) yield { path: now.path, was: undefined, now };
      [was, now] = [order <= 0 ? await next(before) : was, order >= 0 ? await next(after) : now];
    }
  } finally {
    await before.return(undefined);
    await after.return(undefined);
  }
}

async function aspectsOf(
  was: Listed,
  now: Listed,
  same: (was: Listed, now: Listed) => Promise<boolean>,
): Promise<readonly Aspect[]> {
  if (was.kind !== now.kind) return ["kind"];
  const found: Aspect[] = [];
  if (!(await same(was, now))) found.push("content");
  if (was.target !== now.target) found.push("target");
  if (was.mode !== now.mode) found.push("mode");
  if (was.uid !== now.uid || was.gid !== now.gid) found.push("owner");
  return found;
}

function standing({ kind, size, mode, uid, gid, target }: Listed): Standing {
  const octal = mode.toString(8).padStart(4, "0");
  return { kind, size, mode: octal, uid, gid, ...(target === undefined ? {} : { target }) };
}
