import type { Bases, Damage, KeptFile } from "../cache.ts";
import { isFault } from "../core/fault.ts";
import { sweepHashes } from "../core/hashes.ts";
import type { Scope } from "../core/scope.ts";
import { step } from "../core/step.ts";
import { listed, named, removed, wrongWith } from "./base-files.ts";
import { limitText, type Prune, surplus } from "./prune.ts";

/** What was used since then may be in use now, and stays. */
const recent = 3_600_000;
/** How long a digest is remembered of a file that nobody asks for, in milliseconds. */
const memory = 90 * 86_400_000;

/** The verbs about the kit's own files in a folder. */
export function basesIn(location: string): Bases {
  const subject = "cache";
  return {
    location,
    list: () =>
      step<readonly KeptFile[]>({
        label: `list the bases in ${location}`,
        subject,
        moves: [],
        standIn: () => [],
        perform: () => listed(location),
      }),
    delete: (name) =>
      step<void>({
        label: `delete ${name} from ${location}`,
        subject,
        moves: [{ kind: "remove", subject, text: `${name} from ${location}`, destructive: true }],
        standIn: () => undefined,
        perform: (doing) =>
          doing.move("remove", async () => {
            const file = await named(location, name);
            await removed(location, { name: file.name, signal: doing.signal });
          }),
      }),
    verify: () =>
      step<readonly Wrong[]>({
        label: `verify the bases in ${location}`,
        subject,
        moves: [{ kind: "verify", subject, text: `every base and download in ${location}` }],
        standIn: () => [],
        perform: (doing) => doing.move("verify", () => verified(location, doing)),
      }),
    prune: (want, { dry = false } = {}) => {
      const kind = dry ? "look" : "remove";
      const text = `files ${limitText(want) || "over no limit"} from ${location}`;
      return step<readonly KeptFile[]>({
        label: `prune the bases in ${location}`,
        subject,
        moves: [{ kind, subject, text, ...(!dry && { destructive: true as const }) }],
        standIn: () => [],
        perform: (doing) => doing.move(kind, () => pruned(location, { want, dry, scope: doing })),
      });
    },
  };
}

type Wrong = Pick<Damage, "name" | "why">;

async function verified(location: string, scope: Scope): Promise<readonly Wrong[]> {
  const all = await listed(location);
  const total = all.reduce((sum, { size }) => sum + size, 0);
  const meter = scope.meter("verify", total);
  const found: Wrong[] = [];
  try {
    for (const { name, size } of all) {
      const wrong = await wrongWith(location, { name, signal: scope.signal });
      if (wrong) found.push(wrong);
      meter.add(size);
    }
    return found;
  } finally {
    meter.end();
  }
}

async function pruned(
  location: string,
  how: { readonly want: Omit<Prune, "tags">; readonly dry: boolean; readonly scope: Scope },
): Promise<readonly KeptFile[]> {
  const { want, dry, scope } = how;
  const now = Date.now();
  const all = await listed(location);
  const going = surplus(all, { ...want, now }).filter(({ used }) => used < now - recent);
  if (dry) return going;
  await sweepHashes(now - memory);
  const gone: KeptFile[] = [];
  for (const file of going) {
    try {
      await removed(location, { name: file.name, signal: scope.signal });
      gone.push(file);
    } catch (error) {
      if (!isFault(error, "HELD")) throw error;
      scope.say(`${file.name} stays: ${error.message}`);
    }
  }
  return gone;
}
