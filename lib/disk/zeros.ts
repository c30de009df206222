const zeros = Buffer.alloc(1 << 20);

/** Whether bytes, at most 1 MiB of them, are all zero. */
export const isZero = (bytes: Uint8Array): boolean =>
  zeros.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
