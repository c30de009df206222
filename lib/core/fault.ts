import { baseFaults } from "./faults/base.ts";
import { bmcFaults } from "./faults/bmc.ts";
import { cacheFaults } from "./faults/cache.ts";
import { cliFaults } from "./faults/cli.ts";
import { configFaults } from "./faults/config.ts";
import { descriptionFaults } from "./faults/description.ts";
import { diskFaults } from "./faults/disk.ts";
import { downloadFaults } from "./faults/download.ts";
import { engineFaults } from "./faults/engine.ts";
import { general } from "./faults/general.ts";
import { imageFaults } from "./faults/image.ts";
import { journalFaults } from "./faults/journal.ts";
import { machineFaults } from "./faults/machine.ts";
import { makingFaults } from "./faults/making.ts";
import { nodeFaults } from "./faults/node.ts";
import { outputFaults } from "./faults/output.ts";
import { trialFaults } from "./faults/trial.ts";
import { virtualFaults } from "./faults/virtual.ts";
import { reportUncaught } from "./report.ts";

/** How the command line ends: bad words, a refusal with nothing touched, a failure, Ctrl-C. */
export type Exit = "usage" | "refused" | "failed" | "interrupted";

/** One row of the table: what is said, and what the reader can do about it. */
export interface Fault<P = never> {
  readonly exit: Exit;
  readonly message: (details: P) => string;
  readonly hint: string | ((details: P) => string);
}

/** Every outcome that a recipe may want to handle, by code. */
export const faults = {
  ...general,
  ...baseFaults,
  ...cacheFaults,
  ...cliFaults,
  ...configFaults,
  ...bmcFaults,
  ...descriptionFaults,
  ...diskFaults,
  ...engineFaults,
  ...downloadFaults,
  ...imageFaults,
  ...journalFaults,
  ...machineFaults,
  ...makingFaults,
  ...nodeFaults,
  ...outputFaults,
  ...trialFaults,
  ...virtualFaults,
};

export type Code = keyof typeof faults;
export type Details<C extends Code> = Parameters<(typeof faults)[C]["message"]>[0];

/** The process's exit code for each way to end. */
export const exitCodes = { failed: 1, usage: 2, refused: 3, interrupted: 130 } as const satisfies Record<
  Exit,
  number
>;

/** The one error of the kit: `code` to branch on, `details` typed by it, `hint` to act on, `cause` untouched. */
export class TpiError<C extends Code = Code> extends Error {
  readonly code: C;
  readonly details: Details<C>;
  readonly hint: string;

  constructor(code: C, details: Details<C>, options?: ErrorOptions) {
    const fault = faults[code] as unknown as Fault<Details<C>>; // the row that belongs to this code
    super(fault.message(details), options);
    this.code = code;
    this.details = details;
    this.hint = typeof fault.hint === "string" ? fault.hint : fault.hint(details);
  }

  get exit(): Exit {
    return faults[this.code].exit;
  }
}
Object.defineProperty(TpiError.prototype, "name", { value: "TpiError" });

/** Once the kit is there, a fault that nobody catches is shown as such and decides the exit code. */
export const reportFaults = (): void =>
  reportUncaught((error) =>
    error instanceof TpiError ? { fault: error, exit: exitCodes[error.exit] } : undefined,
  );
reportFaults();

/** Whether an error is a fault of the kit, and, where codes are given, one of these. */
export function isFault<C extends Code>(error: unknown, ...codes: readonly C[]): error is TpiError<C> {
  return error instanceof TpiError && (codes.length === 0 || codes.some((code) => code === error.code));
}
