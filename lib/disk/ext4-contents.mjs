/** The flags of open() that ext2fs knows. */
export const flags = { read: 0, write: 1, create: 64, truncate: 512, append: 1024, noFollow: 131072 };

const chunk = 1 << 20; // larger reads and writes exhaust the module's fixed heap and abort it
const largest = 2 ** 31; // of a file that is read in one piece
const echo = Buffer.alloc(chunk); // one for all: a new one each time would wait for the collector, in tens of MiB

/** Reads and writes the bytes of files. What was written is read again: the module loses some without a word. */
export function contents({ files, opened, entry }) {
  async function read({ path }) {
    const { size } = await entry({ path });
    if (size > largest) throw new Error(`it claims to have ${size} bytes`);
    return await part({ path, at: 0, size });
  }

  async function part({ path, at, size }) {
    const bytes = Buffer.alloc(size);
    await opened(path, flags.read, async (fd) => {
      for (let done = 0; done < size; ) {
        const { bytesRead } = await files.read(fd, bytes, done, Math.min(chunk, size - done), at + done);
        if (bytesRead === 0) throw new Error(`it ends after ${done} of ${size} bytes`);
        done += bytesRead;
      }
    });
    return bytes;
  }

  async function write({ path, bytes, from }) {
    const added = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const before = from === "end" ? ((await entry({ path }))?.size ?? 0) : 0;
    if (before === 0) return await replace(path, added);
    // growing a file that is kept inside its inode (inline_data) garbles it; none of those is larger than a block
    if (before <= 4096) return await replace(path, Buffer.concat([await read({ path }), added]));
    await fill({ path, how: flags.append, content: added });
    await mustRead({ path, at: before, content: added });
  }

  async function replace(path, content) {
    await fill({ path, how: flags.truncate, content });
    await mustRead({ path, at: 0, content });
  }

  async function mustRead({ path, at, content }) {
    const { size } = await entry({ path });
    let same = size === at + content.length;
    await opened(path, flags.read, async (fd) => {
      for (let done = 0; same && done < content.length; ) {
        const length = Math.min(chunk, content.length - done);
        const { bytesRead } = await files.read(fd, echo, 0, length, at + done);
        same = bytesRead > 0 && echo.compare(content, done, done + bytesRead, 0, bytesRead) === 0;
        done += bytesRead;
      }
    });
    if (!same) throw new Error("it does not read as it was written");
  }

  async function fill({ path, how, content }) {
    await opened(path, flags.write | flags.create | how, async (fd) => {
      for (let done = 0; done < content.length; ) {
        const part = content.subarray(done, done + chunk);
        const at = how === flags.append ? null : done; // null goes to the end of a file that was opened to append
        const { bytesWritten } = await files.write(fd, part, 0, part.length, at);
        if (bytesWritten === 0) throw new Error(`it takes no more than ${done} of ${content.length} bytes`);
        done += bytesWritten;
      }
    });
  }

  return { read, write };
}
