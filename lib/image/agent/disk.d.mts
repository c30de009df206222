import type { Buffer } from "node:buffer";

/** Bytes that are digested as one. */
export const stretch: number;

/** Whether all of at most {@link stretch} bytes are zero. */
export function blank(bytes: Uint8Array): boolean;

/** 32 bytes that tell two stretches apart; all zero for a blank one. */
export function digest(bytes: Uint8Array): Buffer;
