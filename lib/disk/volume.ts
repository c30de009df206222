/** Where a file system reads and writes: a partition's bytes, counted from its start. */
export interface Area {
  readonly size: number;
  /** How the partition is named in messages: `partition 2 (cloudimg-rootfs)`. */
  readonly where: string;
  read(at: number, length: number): Promise<Uint8Array>;
  write(at: number, bytes: Uint8Array): Promise<void>;
}

/** What stands at a path. FAT has no modes and owners: 0755 or 0644, and root. */
export interface Entry {
  readonly kind: "file" | "folder" | "link" | "other";
  readonly size: number;
  /** Permission bits alone. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Last change of the content, in seconds. */
  readonly modified: number;
}

/**
 * A file system driver. Paths are absolute and free of links, `.` and `..`; whether things exist and are of the right
 * kind has been checked before. Calls do not overlap.
 */
export interface Volume {
  /** Whether it knows links, modes and owners. */
  readonly posix: boolean;
  /** The times that it can keep, in seconds, the first and the last among them. */
  readonly times: { readonly first: number; readonly last: number };
  entry(path: string): Promise<Entry | undefined>;
  list(path: string): Promise<readonly string[]>;
  readlink(path: string): Promise<string>;
  read(path: string): Promise<Uint8Array>;
  /** Makes the file where there is none. `from` tells whether its bytes go first or stay. */
  write(path: string, file: { bytes: Uint8Array; from: "start" | "end" }): Promise<void>;
  mkdir(path: string): Promise<void>;
  symlink(path: string, target: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  chown(path: string, owner: { uid: number; gid: number }): Promise<void>;
  /** Sets the time of the last change, and that of access, of what is no link. `time` is one of {@link Volume.times}. */
  touch(path: string, time: number): Promise<void>;
  /** Removes a file, a link, or an empty folder. */
  remove(path: string, kind: Entry["kind"]): Promise<void>;
  /** Writes what is held back into the area, and lets go of workers. */
  close(): Promise<void>;
}
