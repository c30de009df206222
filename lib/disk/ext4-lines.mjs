const line = 64 << 10;
const mostLines = 128;

/**
 * A partition as ext2fs wants a disk, with its latest 8 MiB held in lines of 64 KiB: libext2fs asks for single blocks,
 * and each question to the other thread costs more than a line. What is given to `write` is not looked at again.
 */
export function lined({ size, read, write }) {
  /** Lines by number, in order of use; `dirty` ones are written back when they leave. */
  const lines = new Map();

  const leave = async (number, held) => {
    lines.delete(number);
    if (held.dirty) await write(number * line, held.bytes);
  };
  const lineOf = async (number) => {
    const held = lines.get(number) ?? {
      bytes: await read(number * line, Math.min(line, size - number * line)),
      dirty: false,
    };
    lines.delete(number);
    lines.set(number, held);
    if (lines.size > mostLines) {
      const [[oldest, left]] = lines;
      await leave(oldest, left);
    }
    return held;
  };
  const pass = async (span, each) => {
    if (span.at < 0 || span.at + span.length > size) {
      throw new Error(`it points to byte ${span.at}, outside of its own`);
    }
    for (let done = 0; done < span.length; ) {
      const at = span.at + done;
      const held = await lineOf(Math.floor(at / line));
      const from = at % line;
      const length = Math.min(line - from, span.length - done);
      each({ held, from, done, length });
      done += length;
    }
  };
  return {
    read: async (buffer, start, length, at) => {
      await pass({ at, length }, ({ held, from, done, length: part }) => {
        buffer.set(held.bytes.subarray(from, from + part), start + done);
      });
      return { bytesRead: length, buffer };
    },
    write: async (buffer, start, length, at) => {
      await pass({ at, length }, ({ held, from, done, length: part }) => {
        held.bytes.set(buffer.subarray(start + done, start + done + part), from);
        held.dirty = true;
      });
      return { bytesWritten: length, buffer };
    },
    discard: async () => {},
    flush: async () => {},
    /** Writes back all that is dirty, in order of place; what is asked for after that is read anew. */
    save: async () => {
      for (const [number, held] of [...lines].sort(([a], [b]) => a - b)) await leave(number, held);
    },
  };
}
