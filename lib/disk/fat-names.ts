const shortForm = /^([A-Z0-9!#$%&'()\-@^_`{}~]{1,8})(?:\.([A-Z0-9!#$%&'()\-@^_`{}~]{1,3}))?$/;

/** Whether FAT can hold a name at all; half of a surrogate pair is a name that Linux cannot show. */
export function fits(name: string): boolean {
  return name.length <= 255 && !/[\x00-\x1f"*:<>?\\|]|\p{Surrogate}/u.test(name) && !/[. ]$/.test(name);
}

/** Names are compared without regard to case, sign by sign: `straße` is another name than `STRASSE`. */
export function folded(name: string): string {
  const upper = name.toUpperCase();
  if (upper.length === name.length) return upper;
  return Array.from(name, (sign) =>
    sign.toUpperCase().length > sign.length ? sign : sign.toUpperCase(),
  ).join("");
}

/** The eleven bytes of a name that needs no long form, such as `CMDLINE.TXT`; undefined for others. */
export function plainShort(name: string): Uint8Array | undefined {
  const match = shortForm.exec(name);
  return match ? padded(match[1] ?? "", match[2] ?? "") : undefined;
}

/** An alias for a long name that `taken` does not have yet, with a numeric tail: `USER-D~1`. */
export function alias(name: string, taken: (short: Uint8Array) => boolean): Uint8Array {
  const dot = name.lastIndexOf(".");
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot + 1)] : [name, ""];
  const [base, tail] = [squeezed(stem) || "_", squeezed(extension).slice(0, 3)];
  for (let number = 1; ; number += 1) {
    const suffix = `~${number}`;
    const short = padded(base.slice(0, 8 - suffix.length) + suffix, tail);
    if (!taken(short)) return short;
  }
}

function squeezed(text: string): string {
  return folded(text)
    .replaceAll(/[ .]/g, "")
    .replaceAll(/[^A-Z0-9!#$%&'()\-@^_`{}~]/g, "_");
}

function padded(base: string, extension: string): Uint8Array {
  return Buffer.from(base.padEnd(8) + extension.padEnd(3), "latin1");
}

/** The text of a short entry: eleven bytes, and flags by which NT marks lower case. */
export function shortText(bytes: Uint8Array, flags: number): string {
  const raw = Buffer.from(bytes);
  if (raw[0] === 0x05) raw[0] = 0xe5;
  const part = (from: number, to: number, lower: number) => {
    const text = Array.from(raw.subarray(from, to), signOf).join("").replace(/ +$/, "");
    return flags & lower ? text.toLowerCase() : text;
  };
  const extension = part(8, 11, 0x10);
  return part(0, 8, 0x08) + (extension && `.${extension}`);
}

/** What the upper half of code page 437 stands for, which is what Linux takes short names to be written in. */
const upperHalf =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

const signOf = (byte: number): string => upperHalf[byte - 0x80] ?? String.fromCharCode(byte);

/** By which the slots of a long name prove that they belong to a short entry. */
export function checksum(short: Uint8Array): number {
  return short.reduce((sum, byte) => (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff, 0);
}

const pieces = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30] as const;

/** The 32-byte slots of a long name, in the order they stand on disk: last piece first. */
export function longSlots(name: string, short: Uint8Array): readonly Uint8Array[] {
  const count = Math.ceil(name.length / pieces.length);
  return Array.from({ length: count }, (_, at) => {
    const order = count - at;
    const slot = Buffer.alloc(32);
    slot.writeUInt8(order | (at === 0 ? 0x40 : 0), 0);
    slot.writeUInt8(0x0f, 11);
    slot.writeUInt8(checksum(short), 13);
    for (const [index, place] of pieces.entries()) {
      const from = (order - 1) * pieces.length + index;
      slot.writeUInt16LE(
        from < name.length ? name.charCodeAt(from) : from === name.length ? 0 : 0xffff,
        place,
      );
    }
    return slot;
  });
}

/** The piece of a long name that one slot holds. */
export function longPiece(slot: Buffer): string {
  const codes = pieces.map((place) => slot.readUInt16LE(place));
  const end = codes.indexOf(0);
  return String.fromCharCode(...(end < 0 ? codes : codes.slice(0, end)));
}
