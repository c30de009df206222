import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { hashesOf } from "../core/hashes.ts";
import { paths } from "../core/paths.ts";
import type { Arch } from "./recipe.ts";

/** A base image in the cache. */
export interface BaseImage {
  /** The `.img.xz`. */
  readonly path: string;
  /** Of the compressed file, in hex. */
  readonly sha256: string;
  /** Bytes of the compressed file. */
  readonly size: number;
  /** Bytes of the disk image inside. */
  readonly rawSize: number;
  /** Of the description that it was built from. */
  readonly digest: string;
  readonly arch: Arch;
}

/** Where the base image of an architecture lies, whether or not it has been built. */
export const imagePath = (arch: Arch): string => path.join(paths().cache, "base", `debian-${arch}.img.xz`);

const labelPath = (arch: Arch) => `${imagePath(arch)}.json`;

const label = z.object({ sha256: z.string(), size: z.number(), rawSize: z.number(), digest: z.string() });

/** The image in the cache, if it was built from a description of this digest and its bytes are what they were. */
export async function stored(
  arch: Arch,
  want: { digest: string; signal: AbortSignal },
): Promise<BaseImage | undefined> {
  const file = imagePath(arch);
  const text = await readFile(labelPath(arch), "utf8").catch(() => "null");
  const said = label.safeParse(parsed(text));
  if (!said.success || said.data.digest !== want.digest) return undefined;
  const size = await stat(file).then(
    (is) => is.size,
    () => undefined,
  );
  if (size !== said.data.size) return undefined;
  const { sha256 } = await hashesOf(file, { signal: want.signal });
  if (sha256 !== said.data.sha256) return undefined;
  return { path: file, arch, ...said.data };
}

/** Moves a finished image into its place: a reader sees the old one or the new one, never half of it. */
export async function keep(image: BaseImage, draft: string): Promise<void> {
  const { arch, path: file, ...said } = image;
  await mkdir(path.dirname(file), { recursive: true });
  await rm(labelPath(arch), { force: true });
  await rename(draft, file);
  await writeFile(`${labelPath(arch)}.new`, `${JSON.stringify(said, null, 2)}\n`);
  await rename(`${labelPath(arch)}.new`, labelPath(arch));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
