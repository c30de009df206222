import type { Fault } from "../fault.ts";

export const configFaults = {} satisfies Record<string, Fault<never>>;
