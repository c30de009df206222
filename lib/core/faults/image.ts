import type { Fault } from "../fault.ts";

export const imageFaults = {} satisfies Record<string, Fault<never>>;
