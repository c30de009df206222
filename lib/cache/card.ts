import type { Scope } from "../core/scope.ts";
import type { OnCard } from "./card-out.ts";
import type { Keeping } from "./card-put.ts";
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
    look: async ({ name }, { signal }) => (await reads()).look(far, { name, signal }),
    survey: async ({ signal }) => (await reads()).survey(far, signal),
    room: async ({ signal }) => (await reads()).room(far, signal),
    open: async (meta, scope) => (await reads()).open(far, { meta, scope }),
    inspect: async (meta, scope) => (await reads()).inspect(far, { meta, scope }),
    remove: async (names, scope) => (await tidying()).remove(far, { names, scope }),
    setAside: async (name, scope) => (await tidying()).setAside(far, { name, scope }),
    sweep: async (how, scope) => (await tidying()).sweep(far, { how, scope }),
    save: async (order, scope) => (await import("./card-put.ts")).save(far, { order, keeping, scope }),
    assembled: async (meta, scope) => (await import("./card-out.ts")).assembled(far, { meta, scope }),
  };
}

// ten files that only those need who keep something on the card
const reads = () => import("./card-reads.ts");
const tidying = () => import("./card-tidy.ts");
