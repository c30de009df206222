import type { Source } from "./source.ts";

/** A disk after changes. */
export interface Altered {
  readonly disk: Source;
  /** Whether any byte of a stretch may differ from what the disk began as; zeros beyond its old end do not count. */
  readonly changed: (at: number, length: number) => boolean;
}

/** A disk that leans on a work file of its own: disposing removes that, and leaves the disk it was made of open. */
export type Reshaped = Altered & AsyncDisposable;
