const capacity = 16 * 1024;

/** The last 16 KiB that a node printed, as the controller keeps them. */
export interface Ring {
  push(bytes: Uint8Array): void;
  /** All that is kept, oldest first. */
  read(): Buffer;
  clear(): void;
}

/** An empty ring. */
export function ring(): Ring {
  let kept: Buffer = Buffer.alloc(0);
  return {
    push: (bytes) => {
      const all = Buffer.concat([kept, bytes]);
      kept = all.length > capacity ? Buffer.from(all.subarray(all.length - capacity)) : all;
    },
    read: () => kept,
    clear: () => {
      kept = Buffer.alloc(0);
    },
  };
}

const encodings = {
  utf8: "utf-8",
  utf16: "utf-16le",
  utf16le: "utf-16le",
  utf16be: "utf-16be",
  utf32: "utf-32le",
  utf32le: "utf-32le",
  utf32be: "utf-32be",
} as const;

/** The bytes as text, bad ones as U+FFFD; nothing for an encoding that the daemon does not know. */
export function decoded(bytes: Buffer, encoding: string): string | undefined {
  const name = Object.entries(encodings).find(([key]) => key === encoding)?.[1];
  if (name === undefined) return undefined;
  if (name === "utf-32le" || name === "utf-32be") return utf32(bytes, name === "utf-32le");
  return new TextDecoder(name, { ignoreBOM: true }).decode(bytes);
}

function utf32(bytes: Buffer, little: boolean): string {
  let text = "";
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const point = little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    const valid = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
    text += valid ? String.fromCodePoint(point) : "\ufffd";
  }
  return bytes.length % 4 === 0 ? text : `${text}\ufffd`;
}
