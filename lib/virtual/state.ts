import { readFileSync } from "node:fs";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";

const four = <T extends z.ZodType>(item: T) => z.tuple([item, item, item, item]);
const label = z.strictObject({
  name: z.string().nullable(),
  module_name: z.string().nullable(),
  uart_baud: z.number().nullable(),
});

const shape = z.strictObject({
  /** The stored wish of each slot's power, which is what the API reports. */
  power: four(z.boolean()),
  usb: z.strictObject({
    mode: z.enum(["Host", "Device", "Flash"]),
    node: z.number().int().min(0).max(3),
    route: z.enum(["Bmc", "AlternativePort"]),
  }),
  usbNode1: z.boolean(),
  fan: z.number().int().min(0).max(6),
  labels: four(label),
  /** What was last flashed onto each slot, whole. */
  flashed: four(z.strictObject({ bytes: z.number(), sha256: z.string() }).nullable()),
});

/** What the controller remembers over a restart. */
export type Remembered = z.infer<typeof shape>;

const unnamed = { name: null, module_name: null, uart_baud: null };
const fresh: Remembered = {
  power: [false, false, false, false],
  usb: { mode: "Device", node: 0, route: "AlternativePort" },
  usbNode1: false,
  fan: 3,
  labels: [unnamed, unnamed, unnamed, unnamed],
  flashed: [null, null, null, null],
};

/** The controller's memory, one JSON file. */
export interface Memory {
  now(): Remembered;
  /** Changes it and writes it down before it returns. */
  change(change: Partial<Remembered>): void;
}

/** The memory in a file; a file that is missing or cannot be read is a board out of the box. */
export function memory(file: string): Memory {
  let now = stored(file);
  return {
    now: () => now,
    change: (change) => {
      now = { ...now, ...change };
      writeFileAtomic.sync(file, `${JSON.stringify(now, undefined, 2)}\n`, { mode: 0o600, fsync: false });
    },
  };
}

function stored(file: string): Remembered {
  try {
    return shape.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return fresh;
  }
}

/** Four values with the one at `index` replaced. */
export function replaced<T>(list: readonly [T, T, T, T], index: number, value: T): [T, T, T, T] {
  const next: [T, T, T, T] = [...list];
  if (index in next) next[index as 0 | 1 | 2 | 3] = value; // within the four by the line itself
  return next;
}
