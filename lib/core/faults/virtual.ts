import type { Fault } from "../fault.ts";

export const virtualFaults = {} satisfies Record<string, Fault<never>>;
