import { createReadStream } from "node:fs";
import { readdir, rm, rmdir, stat } from "node:fs/promises";
import path from "node:path";
import { finished } from "node:stream/promises";
import type { Bases, Damage, KeptFile } from "../cache.ts";
import { isFault, TpiError } from "../core/fault.ts";
import { askedFor, changedInside, forgotten, sweepHashes } from "../core/hashes.ts";
import { hold } from "../core/lease.ts";
import type { Scope } from "../core/scope.ts";
import { step } from "../core/step.ts";
import { decodeXz } from "../xz.ts";
import { limitText, surplus } from "./prune.ts";

/** The folders of the cache whose files are made anew where they are missing, and what they are to a person. */
const kinds = {
  base: "built base image",
  downloads: "download",
  blocks: "base made ready for edits",
  toolbox: "toolbox image",
} as const;

/** What was used since then may be in use now, and stays. */
const recent = 3_600_000;
/** How long a digest is remembered of a file that nobody asks for, in milliseconds. */
const memory = 90 * 86_400_000;

export function basesIn(location: string): Bases {
  const subject = "cache";
  const label = (verb: string) => `${verb} in ${location}`;
  return {
    location,
    list: () =>
      step({
        label: label("list the bases"),
        subject,
        moves: [],
        standIn: () => [],
        perform: () => listed(location),
      }),
    delete: (name) =>
      step<void>({
        label: label(`delete ${name}`),
        subject,
        moves: [{ kind: "remove", subject, text: `${name} from ${location}`, destructive: true }],
        standIn: () => undefined,
        perform: (doing) =>
          doing.move("remove", async () => removed(location, { base: await named(location, name), doing })),
      }),
    verify: () =>
      step<readonly Wrong[]>({
        label: label("verify the bases"),
        subject,
        moves: [{ kind: "verify", subject, text: `every base and download in ${location}` }],
        standIn: () => [],
        perform: (doing) => doing.move("verify", () => wrongOnes(location, doing)),
      }),
    prune: (want, { dry = false } = {}) =>
      step<readonly KeptFile[]>({
        label: label("prune the bases"),
        subject,
        moves: [
          {
            kind: dry ? "look" : "remove",
            subject,
            text: `files ${limitText(want)} from ${location}`,
            ...(!dry && { destructive: true as const }),
          },
        ],
        standIn: () => [],
        perform: (doing) =>
          doing.move(dry ? "look" : "remove", async () => {
            const now = Date.now();
            const all = await listed(location);
            const going = surplus(all, { ...want, now }).filter(({ used }) => used < now - recent);
            if (dry) return going;
            await sweepHashes(now - memory);
            const gone = [];
            for (const base of going) if (await gaveWay(location, { base, doing })) gone.push(base);
            return gone;
          }),
      }),
  };
}

type Wrong = Pick<Damage, "name" | "why">;

async function wrongOnes(location: string, scope: Scope): Promise<readonly Wrong[]> {
  const all = (await listed(location)).filter(({ name }) => !name.endsWith(".part"));
  const meter = scope.meter(
    "verify",
    all.reduce((sum, { size }) => sum + size, 0),
  );
  const wrong: Wrong[] = [];
  try {
    for (const { name, size } of all) {
      const why = await wrongWith(path.join(location, name), name.startsWith("blocks/"), scope.signal);
      if (why !== undefined) wrong.push({ name, why });
      meter.add(size);
    }
  } finally {
    meter.end();
  }
  return wrong;
}

/** A copy in blocks is read through its own check values, as nobody knows a digest of it. */
async function wrongWith(file: string, copy: boolean, signal: AbortSignal): Promise<string | undefined> {
  try {
    if (!copy) return (await changedInside(file, signal)) ? "its bytes are not what they were" : undefined;
    const content = decodeXz(createReadStream(file, { highWaterMark: 1 << 20 }), { signal, name: "it" });
    await finished(content.resume());
    return undefined;
  } catch (error) {
    if (!isFault(error)) throw error;
    return error.message;
  }
}

async function listed(location: string): Promise<readonly KeptFile[]> {
  const all = Object.entries(kinds).map(async ([folder, what]) => {
    const names = await readdir(path.join(location, folder), { recursive: true }).catch(() => []);
    const whole = names.filter((name) => !/(\.lock(\..*)?|\.json)$/.test(name));
    return await Promise.all(whole.map((name) => described(location, { name: `${folder}/${name}`, what })));
  });
  return (await Promise.all(all)).flatMap((some) => some.filter((one) => one !== undefined));
}

async function described(
  location: string,
  of: { readonly name: string; readonly what: string },
): Promise<KeptFile | undefined> {
  const file = path.join(location, of.name);
  const is = await stat(file).catch(() => undefined);
  if (!is?.isFile()) return undefined;
  const used = Math.max(is.atimeMs, is.mtimeMs, (await askedFor(file)) ?? 0);
  const what = of.name.endsWith(".part") ? "what was begun" : of.what;
  return { name: of.name, what, size: is.size, used };
}

/** The one that a name, or the beginning of one, means. */
async function named(location: string, name: string): Promise<KeptFile> {
  const all = await listed(location);
  const exact = all.filter((one) => one.name === name);
  const meant = exact.length > 0 ? exact : all.filter((one) => one.name.startsWith(name));
  if (meant.length === 1 && meant[0]) return meant[0];
  if (meant.length === 0) throw new TpiError("CACHE_MISSING", { key: name, location });
  throw new TpiError("CACHE_AMBIGUOUS", { name, location, count: meant.length });
}

interface Going {
  readonly base: KeptFile;
  readonly doing: Scope;
}

async function gaveWay(location: string, going: Going): Promise<boolean> {
  try {
    await removed(location, going);
    return true;
  } catch (error) {
    if (!isFault(error, "HELD")) throw error;
    going.doing.say(`${going.base.name} stays: ${error.message}`);
    return false;
  }
}

/** Removes a file with what tells of it. `HELD` while somebody makes it. */
async function removed(location: string, { base, doing }: Going): Promise<void> {
  const file = path.join(location, base.name);
  const whole = file.replace(/(\.\d+\.[\w-]+\.[0-9a-f]{8})?\.part$/, "");
  const lease = await hold(`${whole}.lock`, { what: base.name, signal: doing.signal });
  try {
    if (whole === file) await forgotten(file).catch(() => undefined); // gone meanwhile
    await rm(`${file}.json`, { force: true });
    await rm(file, { force: true });
  } finally {
    await lease[Symbol.asyncDispose]();
  }
  if (path.dirname(path.dirname(base.name)) !== ".") await rmdir(path.dirname(file)).catch(() => undefined); // or it has more
}
