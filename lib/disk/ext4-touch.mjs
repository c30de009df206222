const flags = { readWrite: 2, create: 64 };
const inlineData = 0x8000; // of s_feature_incompat

/**
 * The deed that sets a time. ext2fs has no call for it, but marks with its clock what is read and written, were it by
 * no byte at all: so `clock` is set for as long as that takes. The time of the last change of the inode goes along.
 */
export function toucher({ clock, disk, opened, binding, files, entry, read }) {
  /** What is to be written: a content inside its inode is cut to that, so it must be all of it; no bytes otherwise. */
  const again = async (path) => {
    const superblock = Buffer.alloc(1024);
    await disk.read(superblock, 0, superblock.length, 1024);
    if ((superblock.readUInt32LE(96) & inlineData) === 0) return Buffer.alloc(0);
    const { kind, size } = await entry({ path });
    const inline =
      kind === "folder"
        ? size % (1024 << superblock.readUInt32LE(24)) !== 0
        : kind === "file" && size <= 4096;
    return inline ? await read({ path }) : Buffer.alloc(0);
  };
  return async ({ path, time }) => {
    const content = await again(path);
    const how = flags.readWrite | flags.create; // it marks the change only of what was opened to be made, though it is there
    await opened(path, how, async (fd) => {
      clock.now = time;
      try {
        await files.write(fd, content, 0, content.length, 0);
        await binding.read(fd, how, 0, 0, 0);
      } finally {
        clock.now = clock.epoch;
      }
    });
  };
}
