import type { Scope } from "../core/scope.ts";
import { assembled, type OnCard } from "./card-out.ts";
import { type Keeping, save } from "./card-put.ts";
import { inspect, look, open, room, survey } from "./card-reads.ts";
import { remove, setAside, sweep } from "./card-tidy.ts";
import { type Far, locationOf } from "./far.ts";
import type { Metadata } from "./metadata.ts";
import type { Store } from "./store.ts";

/** A store on a board's controller. */
export interface CardStore extends Store {
  assembled(meta: Metadata, scope: Scope): Promise<OnCard>;
}

/** A cache in a folder of a board's controller, for any number of machines that write to it by turns. */
export function cardStore(far: Far, keeping: Keeping): CardStore {
  return {
    location: locationOf(far),
    subject: "board",
    look: ({ name }, { signal }) => look(far, { name, signal }),
    survey: ({ signal }) => survey(far, signal),
    room: ({ signal }) => room(far, signal),
    save: (order, scope) => save(far, { order, keeping, scope }),
    open: (meta, scope) => open(far, { meta, scope }),
    inspect: (meta, scope) => inspect(far, { meta, scope }),
    remove: (names, scope) => remove(far, { names, scope }),
    setAside: (name, scope) => setAside(far, { name, scope }),
    sweep: (how, scope) => sweep(far, { how, scope }),
    assembled: (meta, scope) => assembled(far, { meta, scope }),
  };
}
