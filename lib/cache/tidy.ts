import type { Damage, Pruned } from "../cache.ts";
import { isFault } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { fileNameOf } from "./key.ts";
import { doomed, type Prune } from "./prune.ts";
import type { Loose, Store } from "./store.ts";

/** Hashes every content; what is damaged is said, and with `aside` moved to `damaged/`. */
export async function verify(
  store: Store,
  how: { readonly aside: boolean; readonly scope: Scope },
): Promise<readonly Damage[]> {
  const { aside, scope } = how;
  const { entries, broken } = await store.survey(scope);
  const wrong = [...broken];
  for (const { meta } of entries) {
    const why = await store.inspect(meta, scope);
    if (why !== undefined) wrong.push({ name: fileNameOf(meta.key), why });
  }
  for (const { name, why } of wrong) {
    scope.say(`${name} is damaged: ${why}`);
    if (aside) await store.setAside(name, scope);
  }
  return wrong.map((one) => ({ ...one, aside }));
}

/** Removes what may go and is not in use; `dry` only counts. */
export async function prune(
  store: Store,
  how: { readonly want: Prune; readonly dry: boolean; readonly scope: Scope },
): Promise<Pruned> {
  const { want, dry, scope } = how;
  const { entries } = await store.survey(scope);
  const going = doomed(entries, { ...want, now: Date.now() }).map(({ meta }) => meta);
  if (dry) {
    const without = going.map(({ key }) => fileNameOf(key));
    return { entries: going, loose: await store.sweep({ dry, without }, scope) };
  }
  const gone = [];
  let [files, bytes] = [0, 0];
  const count = (loose: Loose) => {
    [files, bytes] = [files + loose.files, bytes + loose.bytes];
  };
  for (const meta of going) {
    try {
      count(await store.remove([fileNameOf(meta.key)], scope));
      gone.push(meta);
    } catch (error) {
      if (!isFault(error, "HELD")) throw error;
      scope.say(`${meta.key} stays: ${error.message}`);
    }
  }
  count(await store.sweep({ dry }, scope));
  return { entries: gone, loose: { files, bytes } };
}
