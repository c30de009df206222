import type { BmcImage, TransferReport } from "../bmc.ts";
import type { Scope } from "../core/scope.ts";
import type { Doing, Move, Step } from "../core/step.ts";
import type { Built, Image } from "../image.ts";
import type { Node } from "../node.ts";
import { keptOnCard, lent } from "./card.ts";

/** A flash, described. */
export interface FlashSpec {
  readonly image: Image;
  readonly node: Node;
  readonly boot: boolean;
  readonly verify: boolean;
  /** Whether what is there already does not count. */
  readonly anew: boolean;
  /** Set where the image goes by way of the card. */
  readonly card: { readonly key: string; readonly strict: boolean } | undefined;
}

/** An image that the board can be given. */
export interface Made {
  /** The id of the image. */
  readonly id: string;
  readonly sha256: string;
  /** Bytes that have gone to the board for it so far. */
  readonly sent: number;
  /** Bytes that go there while it is written. */
  readonly toSend: number;
  /** Holds the image ready for the controller while `work` runs. */
  given<T>(work: (image: BmcImage) => Promise<T>, scope: Scope): Promise<T>;
  /** Lets go of what it was made in. */
  close(): Promise<void>;
}

/** How an image gets from this machine onto a module. */
export interface Route {
  readonly making: { readonly moves: readonly Move[]; perform(doing: Doing): Promise<Made> };
  /** Moves of the writing, before the image is there. */
  readonly writing: { readonly moves: readonly Move[]; with(image: BmcImage): Step<TransferReport> };
  /** The moves of making it as a plan shows them. */
  foresee(scope: Scope): Promise<readonly Move[]>;
}

/** By way of the card where that was asked for, else straight through the controller's upload. */
export function routeOf(spec: FlashSpec): Route {
  const { image, node, verify, anew, card } = spec;
  const writing = (from: BmcImage) =>
    node.bmc.flash({ slot: node.slot, from, crc: verify ? "check" : "skip" });
  if (card) {
    const keep = keptOnCard({ image, node, anew, card });
    const planned: BmcImage = { kind: "file", path: "", sha256: "", title: keep.title };
    return {
      making: {
        moves: keep.step.moves,
        perform: async (doing) => lent({ node, title: keep.title }, await doing.run(keep.step)),
      },
      writing: { moves: writing(planned).moves, with: writing },
      foresee: (scope) => keep.foresee(scope),
    };
  }
  const unopened: BmcImage = { name: image.name, open: () => Promise.reject(new TypeError("not built yet")) };
  return {
    making: {
      moves: image.build().moves,
      perform: async (doing) => uploaded(await doing.run(image.build())),
    },
    writing: { moves: writing(unopened).moves, with: writing },
    foresee: (scope) => image.foresee(scope),
  };
}

const uploaded = (built: Built): Made => ({
  id: built.id,
  sha256: built.sha256,
  sent: 0,
  toSend: built.size,
  given: (work) =>
    work({
      name: built.name,
      open: async () => built,
      unpacked: (signal) => built.unpacked(signal), // for a controller whose firmware cannot
    }),
  close: async () => built[Symbol.asyncDispose](),
});
