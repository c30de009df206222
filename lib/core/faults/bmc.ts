import type { Fault } from "../fault.ts";

export const bmcFaults = {} satisfies Record<string, Fault<never>>;
