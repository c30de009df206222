import type { Edit, VolumeName } from "./edit.ts";
import type { Identity } from "./identity.ts";
import type { OsFacts, System } from "./system.ts";
import type { Units } from "./units.ts";

/** A file that a rendering depends on. */
export interface Place {
  readonly volume?: VolumeName;
  readonly path: string;
}

/** What is in an image before its edits, as far as a renderer asked to know. */
export interface Present {
  readonly facts: OsFacts;
  /** The content of a file that the renderer `reads`; empty where there is none. */
  readonly text: (path: string, volume?: VolumeName) => string;
  /** Whether there is anything at a path that the renderer `reads`. */
  readonly has: (path: string, volume?: VolumeName) => boolean;
  /** The systemd units that the identity names, and the SSH server's. */
  readonly units: Units;
}

/**
 * A way in which operating systems take an identity; a new one is a file in `os/` and a line in the list of `os.ts`.
 * Rendering is pure: all that it depends on is the identity and what it asked to know.
 */
export interface Renderer {
  readonly mechanism: string;
  /** Whether the image takes its identity this way, by looking inside it. */
  fits(system: System): Promise<boolean>;
  readonly reads: readonly Place[] | ((identity: Identity) => readonly Place[]);
  /** The edits that give `identity` to the system; `IDENTITY_UNFIT` where it cannot express it. */
  render(identity: Identity, present: Present): readonly Edit[];
}
