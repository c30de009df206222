import type { Cache, Cached, Damage, Pruned } from "../cache.ts";
import { isFault, TpiError } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { type Deed, type Doing, type Settled, type Step, step } from "../core/step.ts";
import { cacheKey, fileNameOf } from "./key.ts";
import { type Metadata, plannedMeta, tagged } from "./metadata.ts";
import { putStep, saveTo } from "./moving.ts";
import { pruneText } from "./prune.ts";
import type { Place, Room, Store, Survey } from "./store.ts";
import { prune, verify } from "./tidy.ts";

/** The verbs of a cache over its IO. */
export function cacheOf(store: Store): Cache {
  const { location, subject } = store;
  const found = async (key: string, scope: Scope): Promise<Metadata> => {
    const meta = await store.look(placeOf(key), scope);
    if (meta === undefined) throw new TpiError("CACHE_MISSING", { key, location });
    return meta;
  };
  const read = <T>(label: string, how: { perform: Deed<T>["perform"]; standIn: () => T }) =>
    step<T>({ label: `${label} in ${location}`, subject, moves: [], ...how });
  const change = <T>(of: Change<T>): Step<T> => {
    const { kind, text, makes, work, ...rest } = of;
    const more = { ...(kind === "remove" && { destructive: true as const }), ...(makes && { makes }) };
    const moves = [{ kind, subject, text, ...more }];
    return step<T>({ subject, moves, ...rest, perform: (doing) => doing.move(kind, () => work(doing)) });
  };
  return {
    location,
    put: (key, from, facts = {}) => putStep(store, { place: placeOf(key), from, facts }),
    get: (key) =>
      read<Cached>(`get ${key}`, {
        standIn: () => ({ meta: plannedMeta(key), content: planned }),
        perform: async (scope) => {
          const meta = await found(key, scope);
          return { meta, content: (signal) => store.open(meta, { ...scope, signal }) };
        },
      }),
    stat: (key) =>
      read(`stat ${key}`, { standIn: () => plannedMeta(key), perform: (scope) => found(key, scope) }),
    exists: (key) =>
      read(`look for ${key}`, {
        standIn: () => false,
        perform: async (scope) => (await store.look(placeOf(key), scope)) !== undefined,
      }),
    list: (tags = {}) =>
      read<readonly Metadata[]>("list", {
        standIn: () => [],
        perform: async (scope) => {
          const { entries, broken } = await store.survey(scope);
          for (const { name, why } of broken)
            scope.say(`${name}.meta is left out: ${why} (tpix cache verify)`);
          return byKey(entries).flatMap(({ meta }) => (tagged(meta, tags) ? [meta] : []));
        },
      }),
    survey: () =>
      read<Survey>("survey", {
        standIn: () => ({ entries: [], broken: [] }),
        perform: (scope) => store.survey(scope),
      }),
    room: () =>
      read<Room>("room", {
        standIn: () => ({ taken: 0, damaged: 0, free: 0 }),
        perform: (scope) => store.room(scope),
      }),
    delete: (key) =>
      change<void>({
        label: `delete ${key} from ${location}`,
        standIn: () => undefined,
        kind: "remove",
        text: `${key} from ${location}`,
        settled: async (scope) => {
          const there = await store.look(placeOf(key), scope).catch(unreadable);
          return there === undefined
            ? { why: `${location} does not hold ${key}`, value: undefined }
            : undefined;
        },
        work: async (scope) => void (await store.remove([fileNameOf(cacheKey(key))], scope)),
      }),
    verify: ({ aside = false } = {}) =>
      change<readonly Damage[]>({
        label: `verify ${location}`,
        standIn: () => [],
        kind: "verify",
        text: `every content in ${location}${aside ? ", what is damaged to damaged/" : ""}`,
        work: (scope) => verify(store, { aside, scope }),
      }),
    prune: (want, { dry = false } = {}) =>
      change<Pruned>({
        label: `prune ${location}`,
        standIn: () => ({ entries: [], loose: { files: 0, bytes: 0 } }),
        kind: dry ? "look" : "remove",
        text: `${pruneText(want)} ${location}`,
        work: (scope) => prune(store, { want, dry, scope }),
      }),
    export: (key, to) =>
      change<void>({
        label: `export ${key} to ${to}`,
        standIn: () => undefined,
        kind: "save",
        text: `${key} of ${location} to ${to}`,
        makes: to,
        work: async (scope) => saveTo(to, { store, meta: await found(key, scope), scope }),
      }),
    look: (key, scope) => store.look(placeOf(key), scope),
  };
}

function unreadable(error: unknown): "unreadable" {
  if (isFault(error, "CACHE_META")) return "unreadable";
  throw error;
}

/** A verb of one move. */
interface Change<T> {
  readonly label: string;
  readonly standIn: () => T;
  readonly kind: string;
  readonly text: string;
  readonly makes?: string;
  readonly settled?: (scope: Scope) => Promise<Settled<T> | undefined>;
  readonly work: (doing: Doing) => Promise<T>;
}

const placeOf = (words: string): Place => {
  const key = cacheKey(words);
  return { key, name: fileNameOf(key) };
};

const byKey = (entries: Survey["entries"]): Survey["entries"] =>
  entries.toSorted((a, b) => (a.meta.key < b.meta.key ? -1 : 1));

const planned = () => Promise.reject(new TypeError("a plan has no content to read"));
