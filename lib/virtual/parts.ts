import path from "node:path";
import type { ModuleKind } from "../module.ts";
import type { Bench } from "./bench.ts";
import type { BoardOptions } from "./board.ts";
import type { Controller, Upheaval } from "./controller.ts";
import { faults as noFaults } from "./faults.ts";
import { files as filesIn } from "./files.ts";
import { type SlotNumber, slotNumbers } from "./machine-slot.ts";
import { openMedia } from "./media.ts";
import { meterOf, paceOf } from "./pace.ts";
import { overlayBytes, profileOf } from "./profiles.ts";
import { slot } from "./slots.ts";
import { memory } from "./state.ts";

/** Where the parts of a board go. */
export interface Assembly {
  readonly bench: Bench;
  readonly options: BoardOptions;
  readonly dir: string;
  /** The folder that is the controller's `/`. */
  readonly root: string;
  readonly upheaval: Upheaval;
}

const eightGigabytes = 8_000_000_000;

/** The board's hardware, with an eMMC file for every module and nothing running. */
export async function controllerOf({ bench, options, dir, root, upheaval }: Assembly): Promise<Controller> {
  const pace = paceOf(options.pace);
  const faults = noFaults();
  const hardware = options.hardware ?? "2.5";
  const emmcBytes = options.emmcBytes ?? eightGigabytes;
  const modules = modulesIn(options.modules ?? 4);
  const files = await filesIn({
    root,
    overlayBytes: overlayBytes(hardware),
    sdcardBytes: options.sdcardBytes ?? eightGigabytes,
    armed: () => faults.armed(),
  });
  const slots = slotNumbers.map((number) =>
    slot({
      ...{ slot: number, module: modules[number - 1], media: mediaIn(dir, number) },
      ...{ start: (slot) => bench.start(slot), armed: () => faults.armed(), pace },
    }),
  );
  for (const { module, media } of slots)
    if (module) await (await openMedia(media, emmcBytes))[Symbol.asyncDispose]();
  return {
    profile: profileOf(options.profile ?? "2.1.0"),
    hardware,
    pace,
    link: meterOf(() =>
      Math.min(pace.linkBytesPerSecond, faults.armed().linkBytesPerSecond ?? Number.POSITIVE_INFINITY),
    ),
    faults,
    files,
    memory: memory(path.join(dir, "state.json")),
    slots,
    emmcBytes,
    user: "root",
    password: options.password ?? "turing",
    address: options.network?.gateway ?? "127.0.0.1",
    clock: options.clock ?? Date.now,
    upheaval,
  };
}

/** The eMMC file of a slot. */
export const mediaIn = (dir: string, number: SlotNumber): string =>
  path.join(dir, "media", `slot${number}.img`);

function modulesIn(wish: NonNullable<BoardOptions["modules"]>): readonly (ModuleKind | undefined)[] {
  const list = typeof wish === "number" ? Array.from({ length: wish }, () => "rk1" as const) : wish;
  if (list.length > 4) throw new TypeError(`a board has 4 slots, not ${list.length}`);
  return list;
}
