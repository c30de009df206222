import type { Scope } from "../core/scope.ts";
import type { Partition, PartitionTable, Source, Tree } from "../disk.ts";
import type { XzFile } from "../xz.ts";

/** Where edits are made, from the least privileged to the most. */
export type EngineName = "overlay" | "mount" | "toolbox";

/** What a description asks of an engine beyond editing files. */
export interface Needs {
  /** Commands to run inside the image. */
  readonly commands: boolean;
  /** The root file system, as the disk says it: `ext4`, `btrfs` … */
  readonly rootKind: string;
  /** Debian's name of the image's architecture, where it is known. */
  readonly arch: string | undefined;
}

/** A way to open an image for edits; a new one is a file in `engines/` and a line in the list there. */
export interface Engine {
  readonly name: EngineName;
  /** Why it cannot do this here, with what would help, as a person reads it; `undefined` where it can. */
  unfit(needs: Needs, signal: AbortSignal): Promise<string | undefined>;
  open(job: EngineJob): Promise<Workbench>;
}

/** A base to edit, never changed itself. */
export interface EngineJob {
  readonly base: XzFile;
  /** Seconds for every time that is written; otherwise the file system's own last write, so that equal edits give equal bytes. */
  readonly epoch?: number;
  /** Bytes of the disk that comes out; the base's own size unless it grows. */
  readonly size: number;
  readonly scope: Scope;
}

/** An image opened for edits. Disposing leaves nothing behind: no mount, no loop device, no container, no file. */
export interface Workbench extends AsyncDisposable {
  readonly engine: EngineName;
  readonly table: PartitionTable;
  /** Opens a partition's files; the same tree every time. */
  tree(partition: Partition): Promise<Tree>;
  /** Runs a command line by `/bin/sh -e` inside the root of the image; output goes to the scope's log. `ENGINE_UNFIT` for overlay. */
  run(command: string, root: Partition): Promise<void>;
  /** Closes all trees; the edited disk, readable until the workbench is disposed of. */
  finish(): Promise<Edited>;
}

/** A disk after its edits. */
export interface Edited {
  readonly disk: Source;
  /** Whether any byte of a stretch may differ from the base; a false alarm costs time only. */
  readonly changed: (at: number, length: number) => boolean;
  /** The base's content, where the engine has it open: what was flagged is compared with it. */
  readonly original?: Source;
}
