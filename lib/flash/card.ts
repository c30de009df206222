import { bmcCache, type Metadata } from "../cache.ts";
import { isFault } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { type Move, type Step, step } from "../core/step.ts";
import { forced } from "../journal.ts";
import type { Node } from "../node.ts";
import { driftOf, type Keyed } from "./drift.ts";
import type { Made } from "./route.ts";

/** An image on the card, and what it took to get it there. */
interface Kept {
  readonly meta: Metadata;
  readonly sent: number;
}

interface Keeping extends Keyed {
  readonly node: Node;
  /** Whether what the card has under the key does not count. */
  readonly anew: boolean;
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
    const drift = meta && (await driftOf(of, { meta, scope }));
    if (drift) scope.say(drift);
    return meta;
  };
  const there = (meta: Metadata) => `${cache.location} has ${key} since ${meta.stored.slice(0, 16)}`;
  return {
    title: `${key} on the card`,
    foresee: async (scope) => {
      const meta = anew() ? undefined : await cache.look(key, scope).catch(() => undefined);
      if (!meta) return [...(await image.foresee(scope)), send];
      const drift = await driftOf(of, { meta, scope }).catch(undownloaded);
      const text = drift ? `${there(meta)}, and ${drift}` : there(meta);
      return [{ kind: "skip", subject: node.label, text }];
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

/** Of a base that is yet to be downloaded, a plan cannot tell. */
function undownloaded(error: unknown): undefined {
  if (!isFault(error, "DOWNLOAD_NEEDED")) throw error;
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
