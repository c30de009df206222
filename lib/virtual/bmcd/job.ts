import type { Profile } from "../profiles.ts";
import { nodeOf, type Parsed, type Query } from "./query.ts";

/** What a start call asks for. */
export interface Job {
  /** The slot's index, or the controller's own firmware. */
  readonly target: { readonly kind: "node"; readonly index: number } | { readonly kind: "firmware" };
  readonly source:
    | { readonly kind: "upload"; readonly length: number }
    | { readonly kind: "local"; readonly path: string }
    | { readonly kind: "url"; readonly url: string };
  /** The name that decides whether it is decoded, and under which firmware is kept. */
  readonly name: string;
  readonly sha256: string | undefined;
  readonly skipCrc: boolean;
}

/** Reads a start call. What the firmware does not know, it ignores; a local file is never checked against a sha256. */
export function jobOf(query: Query, profile: Profile): Parsed<Job> {
  const flash = query.raw.includes("type=flash");
  const node = flash ? nodeOf(query) : undefined;
  if (node && "wrong" in node) return node;
  const file = query.text("file");
  if (file === undefined) return { wrong: "Missing `file` parameter" };
  const source = sourceOf(query, { file, profile });
  if ("wrong" in source) return source;
  const sha256 = profile.modern && source.value.kind !== "local" ? query.text("sha256") : undefined;
  if (sha256 !== undefined && !/^([0-9a-f]{2})*$/i.test(sha256)) {
    return { wrong: sha256.length % 2 ? "Odd number of digits" : "Invalid character in sha256" };
  }
  return {
    value: {
      target: node ? { kind: "node", index: node.value } : { kind: "firmware" },
      source: source.value,
      name: file.split("/").at(-1) ?? file,
      sha256: sha256?.toLowerCase(),
      skipCrc: profile.modern && query.has("skip_crc"),
    },
  };
}

function sourceOf(query: Query, about: { file: string; profile: Profile }): Parsed<Job["source"]> {
  if (query.has("local")) return { value: { kind: "local", path: about.file } };
  if (about.profile.modern && about.file.startsWith("http"))
    return { value: { kind: "url", url: about.file } };
  const length = query.text("length");
  if (length === undefined) return { wrong: "Missing `length` parameter" };
  if (!/^\d+$/.test(length)) return { wrong: "Parameter `length` is not a number" };
  return { value: { kind: "upload", length: Number(length) } };
}

/** The name of the worker in status replies. */
export function processName(job: Job, profile: Profile): string {
  if (job.target.kind === "firmware")
    return profile.modern ? "firmware upgrade service" : "os upgrade service";
  return `Node ${job.target.index + 1} ${profile.modern ? "os install" : "upgrade"} service`;
}
