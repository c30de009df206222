import type { Fault } from "../fault.ts";

export const nodeFaults = {} satisfies Record<string, Fault<never>>;
