import { readFile } from "node:fs/promises";
import { z } from "zod";
import { TpiError } from "../../core/fault.ts";
import type { OsFacts } from "../../os.ts";

const hex = z.hex().length(64);
const bytes = z.int().nonnegative();

/** What a published image says of itself; unknown members are a later version's. */
const Claim = z.object({
  format: z.literal("tpi-image/1"),
  name: z.string(),
  /** Of base and description: what the image has under `/etc/tpi/image.json`. */
  id: z.string(),
  tool: z.object({ name: z.string(), version: z.string(), xz: z.string() }),
  image: z.object({ size: bytes, sha256: hex }),
  disk: z.object({ size: bytes, sha256: hex }),
  base: z.object({ name: z.string(), sha256: hex, diskSize: bytes }),
  description: z.string(),
  engine: z.string(),
  os: z.object({ id: z.string(), version: z.string(), title: z.string(), arch: z.string().optional() }),
  blocks: z.object({ anew: bytes, total: bytes }),
  changes: z.object({ added: bytes, changed: bytes, removed: bytes }).optional(),
  packages: bytes.optional(),
});

/** The metadata beside a published image. It names no time: the same image has the same metadata on any day. */
export type Claim = z.infer<typeof Claim>;

/** The facts of an operating system that metadata keeps. */
export const factsOf = ({ id, version, title, arch }: OsFacts): Claim["os"] => ({
  ...{ id, version, title },
  ...(arch === undefined ? {} : { arch }),
});

/** Reads the metadata of a published image. `FILE_MISSING`, or `CLAIM_UNREADABLE` where it is something else. */
export async function readClaim(path: string): Promise<Claim> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT")
      throw new TpiError("FILE_MISSING", { path, what: "metadata of an image" }, { cause });
    const why = { EISDIR: "it is a folder", EACCES: "you may not read it" }[String(cause.code)];
    throw why ? new TpiError("CLAIM_UNREADABLE", { path, why }, { cause }) : cause;
  });
  const parsed = Claim.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const why = parsed.error.issues
    .map((issue) => `${issue.path.join(".") || "it"}: ${issue.message}`)
    .join("; ");
  throw new TpiError("CLAIM_UNREADABLE", { path, why });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
