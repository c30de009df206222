import { readFileSync } from "node:fs";
import { z } from "zod";
import { TpiError } from "../core/fault.ts";
import { fileNameOf } from "./key.ts";

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const fileName = z.string().regex(/^[^/\\\0]{1,255}$/);

const Metadata = z.strictObject({
  version: z.literal(1),
  key: z.string().min(1),
  filename: fileName,
  contentType: z.string(),
  size: z.int().nonnegative(),
  sha256: Sha256,
  created: z.iso.datetime(),
  stored: z.iso.datetime(),
  tags: z.record(z.string(), z.string()),
  os: z.strictObject({ type: z.string(), version: z.string() }).optional(),
  module: z.string().optional(),
  description: z.string().optional(),
  tool: z.string(),
  kept: z.enum(["whole", "blocks"]),
});

/** What is known of something in a cache; the JSON of its `.meta` file. Sizes in bytes, times in ISO 8601. */
export type Metadata = Readonly<z.infer<typeof Metadata>>;

/** What a put gives back: `sent` are the bytes that went to the board for it; 0 for what was there, and on this machine. */
export type Stored = Metadata & { readonly sent: number };

export type Tags = Readonly<Record<string, string>>;

/** What the one who puts something says of it; all of it may be left out. */
export interface Facts {
  /** What the file is called outside of the cache; the content's own name where not said. */
  readonly filename?: string;
  readonly contentType?: string;
  readonly tags?: Tags;
  readonly os?: { readonly type: string; readonly version: string };
  readonly module?: string;
  /** The digest of the description that it was made from, against which drift is seen. */
  readonly description?: string;
  readonly created?: string;
}

/** The metadata of content that is stored now. */
export function describe(of: {
  readonly key: string;
  readonly facts: Facts;
  readonly content: { readonly name: string; readonly size: number; readonly sha256: string };
  readonly kept: Metadata["kept"];
}): Metadata {
  const { key, facts, content, kept } = of;
  const {
    filename = content.name,
    contentType = contentTypeOf(filename),
    tags = {},
    created,
    ...rest
  } = facts;
  const { size, sha256 } = content;
  const stored = new Date().toISOString();
  const times = { created: created ?? stored, stored };
  return { version: 1, key, filename, contentType, size, sha256, ...times, tags, ...rest, tool, kept };
}

/** The text of a `.meta` file: one line. */
export const metaText = (meta: Metadata): string => `${JSON.stringify(meta)}\n`;

/** What a plan goes on with where it would have found or stored an entry. */
export const plannedMeta = (key: string): Metadata =>
  describe({ key, facts: {}, content: { name: "planned", size: 0, sha256: "0".repeat(64) }, kept: "whole" });

/** Reads the text of a `.meta` file; `CACHE_META` says what is wrong with it. */
export function readMeta(text: string, at: { readonly name: string; readonly location: string }): Metadata {
  const meta = parsed(text);
  const why = typeof meta === "string" ? meta : undefined;
  if (typeof meta !== "string" && fileNameOf(meta.key) === at.name) return meta;
  throw new TpiError("CACHE_META", { ...at, why: why ?? "it belongs to another key" });
}

function parsed(text: string): Metadata | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text === "" ? "it is empty" : "it is no JSON";
  }
  const version = z.object({ version: z.number() }).safeParse(value).data?.version;
  if (version !== undefined && version !== 1) return `it is of version ${version}, and this tpi knows 1`;
  const meta = Metadata.safeParse(value);
  return meta.success ? meta.data : z.prettifyError(meta.error).replaceAll(/\s*\n\s*/g, " ");
}

/** Whether an entry has all of the tags. */
export const tagged = (meta: Metadata, tags: Tags): boolean =>
  Object.entries(tags).every(([name, value]) => Object.hasOwn(meta.tags, name) && meta.tags[name] === value);

/** The end of a file name that says what the content is: `.img.xz`; empty where there is none to trust. */
export const extensionOf = (filename: string): string =>
  /(?:\.[a-z0-9]{1,8}){1,2}$/.exec(filename.toLowerCase())?.[0].replace(/^\.\d+(?=\.)/, "") ?? "";

const contentTypeOf = (filename: string): string =>
  filename.endsWith(".xz") ? "application/x-xz" : "application/octet-stream";

const tool = toolVersion();

function toolVersion(): string {
  const file: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return `tpi ${z.object({ version: z.string() }).parse(file).version}`;
}
