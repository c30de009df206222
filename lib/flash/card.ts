import { bmcCache, type Metadata } from "../cache.ts";
import { TpiError } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { type Move, type Step, step } from "../core/step.ts";
import type { Image } from "../image.ts";
import { forced } from "../journal.ts";
import type { Node } from "../node.ts";
import type { Made } from "./route.ts";

/** An image on the card, and what it took to get it there. */
interface Kept {
  readonly meta: Metadata;
  readonly sent: number;
}

interface Keeping {
  readonly image: Image;
  readonly node: Node;
  /** Whether what the card has under the key does not count. */
  readonly anew: boolean;
  readonly card: { readonly key: string; readonly strict: boolean };
}

/** The step that has an image on the card under its key: made and sent only where the key is not there. */
export function keptOnCard(of: Keeping): {
  readonly step: Step<Kept>;
  readonly title: string;
  foresee(scope: Scope): Promise<readonly Move[]>;
} {
  const { image, node, card } = of;
  const anew = () => of.anew || forced("image");
  const { key } = card;
  const cache = bmcCache(node.bmc.ssh);
  const send: Move = {
    kind: "send",
    subject: node.label,
    text: `${key} to ${cache.location}, of which only blocks that are not there`,
  };
  const known = async (scope: Scope) => {
    const meta = anew() ? undefined : await cache.look(key, scope);
    if (meta) await minded(of, { meta, scope });
    return meta;
  };
  const there = (meta: Metadata) => `${cache.location} has ${key} since ${meta.stored.slice(0, 16)}`;
  return {
    title: `${key} on the card`,
    foresee: async (scope) => {
      const meta = await cache.look(key, scope).catch(() => undefined);
      if (!meta || anew()) return [...(await image.foresee(scope)), send];
      return [{ kind: "skip", subject: node.label, text: there(meta) }];
    },
    step: step<Kept>({
      label: `keep ${key} on the card`,
      subject: node.label,
      moves: [...image.build().moves, send],
      standIn: () => {
        throw new TypeError(`${key} is only planned`);
      },
      perform: async (doing) => {
        const meta = await known(doing);
        if (meta) {
          doing.say(`${there(meta)}: neither made nor sent`);
          return { meta, sent: 0 };
        }
        await using built = await doing.run(image.build());
        const { id, system } = built;
        const facts = {
          description: id,
          os: { type: system.id, version: system.version },
          module: node.module.kind,
          tags: { node: node.label, hostname: node.hostname },
        };
        const stored = await doing.move("send", async () => await cache.put(key, built, facts));
        return { meta: stored, sent: stored.sent };
      },
    }),
  };
}

/** Says where the key's image was made from another description; `CACHE_DRIFT` where that is not to be taken. */
async function minded(of: Keeping, found: { readonly meta: Metadata; readonly scope: Scope }): Promise<void> {
  const { key, strict } = of.card;
  const was = found.meta.description ?? "unknown";
  const now = await of.image.identify(found.scope.signal);
  if (was === now) return;
  const details = { key, was: was.slice(0, 8), now: now.slice(0, 8) };
  if (strict) throw new TpiError("CACHE_DRIFT", details);
  found.scope.say(
    `${key} was made from description ${details.was}, and this one is ${details.now}: the key's image is used; .again() or --force=image makes it anew`,
  );
}

/** What the card has, lent to the controller as one file while it is written. */
export function lent(of: { readonly node: Node; readonly title: string }, { meta, sent }: Kept): Made {
  const cache = bmcCache(of.node.bmc.ssh);
  return {
    id: meta.description ?? meta.sha256.slice(0, 32),
    sha256: meta.sha256,
    sent,
    toSend: 0,
    given: async (work, scope) => {
      await using file = await cache.assembled(meta.key, scope);
      return await work({ kind: "file", path: file.path, sha256: file.sha256, title: of.title });
    },
    close: async () => {},
  };
}
