/** SFTP version 3 (draft-ietf-secsh-filexfer-02), the part that OpenSSH's server speaks. */
export const request = {
  init: 1,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  extended: 200,
} as const;

/** Outcomes of a request. */
export const status = { ok: 0, eof: 1, missing: 2, denied: 3, failure: 4, bad: 5, unsupported: 8 } as const;

const answer = {
  version: 2,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 201,
} as const;

/** Reads the fields of a packet in order; past its end it throws a `RangeError`. */
export interface Fields {
  number(): number;
  /** A 64-bit offset or size; beyond 2^53 it is not a file of this machine. */
  long(): number;
  bytes(): Buffer;
  text(): string;
}

/** The fields of a packet, from `at` on. */
export function fields(packet: Buffer, at: number): Fields {
  let here = at;
  const number = () => {
    here += 4;
    return packet.readUInt32BE(here - 4);
  };
  const bytes = () => {
    const length = number();
    if (here + length > packet.length) throw new RangeError("a field is longer than its packet");
    here += length;
    return packet.subarray(here - length, here);
  };
  return { number, long: () => number() * 2 ** 32 + number(), bytes, text: () => bytes().toString("utf8") };
}

/** What of a file's attributes a packet may set or give. */
export interface Attributes {
  readonly size?: number;
  readonly mode?: number;
  /** Seconds since 1970. */
  readonly times?: { readonly accessed: number; readonly modified: number };
}

/** Reads attributes; owners are read over, as everything belongs to root. */
export function attributes(from: Fields): Attributes {
  const flags = from.number();
  const size = flags & 1 ? { size: from.long() } : {};
  if (flags & 2) {
    from.number();
    from.number();
  }
  const mode = flags & 4 ? { mode: from.number() } : {};
  const times = flags & 8 ? { times: { accessed: from.number(), modified: from.number() } } : {};
  return { ...size, ...mode, ...times };
}

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
const u64 = (value: number) => Buffer.concat([u32(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32)]);
const string = (value: string | Uint8Array) => {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([u32(bytes.length), bytes]);
};
const packet = (type: number, ...parts: readonly Uint8Array[]) =>
  string(Buffer.concat([Buffer.of(type), ...parts]));

/** What a file is, for a reply. */
export interface Stat {
  readonly size: number;
  readonly mode: number;
  readonly atimeMs: number;
  readonly mtimeMs: number;
}

const attrsOf = (stat: Stat | undefined) =>
  stat
    ? Buffer.concat([
        ...[u32(1 | 2 | 4 | 8), u64(stat.size), u32(0), u32(0), u32(stat.mode)],
        ...[u32(stat.atimeMs / 1000), u32(stat.mtimeMs / 1000)],
      ])
    : u32(0);

/** Replies, each one whole packet. */
export const reply = {
  version: (extensions: Readonly<Record<string, string>>) =>
    packet(answer.version, u32(3), ...Object.entries(extensions).flat().map(string)),
  status: (id: number, code: number, text: string) =>
    packet(answer.status, u32(id), u32(code), string(text), string("")),
  handle: (id: number, handle: string) => packet(answer.handle, u32(id), string(handle)),
  data: (id: number, bytes: Uint8Array) => packet(answer.data, u32(id), string(bytes)),
  names: (id: number, names: readonly { name: string; long: string; stat: Stat | undefined }[]) =>
    packet(
      answer.name,
      ...[u32(id), u32(names.length)],
      ...names.flatMap(({ name, long, stat }) => [string(name), string(long), attrsOf(stat)]),
    ),
  attrs: (id: number, stat: Stat) => packet(answer.attrs, u32(id), attrsOf(stat)),
  /** A reply to `statvfs@openssh.com`. */
  space: (id: number, space: { total: number; free: number }) => {
    const blocks = [4096, 4096, space.total / 4096, space.free / 4096, space.free / 4096].map(Math.floor);
    return packet(answer.extended, u32(id), ...[...blocks, 65_536, 32_768, 32_768, 1, 0, 255].map(u64));
  },
};

/** Cuts a byte stream into packets, without their lengths; a packet over 1 MiB ends it with an error. */
export async function* packets(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let kept: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    kept = kept.length > 0 ? Buffer.concat([kept, chunk]) : Buffer.from(chunk);
    while (kept.length >= 4) {
      const length = kept.readUInt32BE();
      if (length > 1024 * 1024) throw new RangeError("an SFTP packet is over 1 MiB");
      if (kept.length < 4 + length) break;
      yield kept.subarray(4, 4 + length);
      kept = kept.subarray(4 + length);
    }
  }
}
