import { TpiError } from "../core/fault.ts";
import type { Edit } from "./edit.ts";
import type { OsFacts } from "./system.ts";

/** A text file that belongs to root, mode 0644 unless said otherwise; folders above it are made. */
export const rootFile = (path: string, text: string, mode = 0o644): Edit & { readonly kind: "write" } => ({
  kind: "write",
  path,
  content: new TextEncoder().encode(text),
  mode,
  owner: { uid: 0, gid: 0 },
});

/** Another text for a file that is there; its mode and owner stay. */
export const rewritten = (path: string, text: string): Edit & { readonly kind: "write" } => ({
  kind: "write",
  path,
  content: new TextEncoder().encode(text),
});

/** The refusal of a part of an identity: what the system cannot be given, and why. */
export const unfit = (facts: OsFacts, what: string, why: string): TpiError<"IDENTITY_UNFIT"> =>
  new TpiError("IDENTITY_UNFIT", { os: facts.title, what, why });
