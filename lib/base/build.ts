import { rm, stat } from "node:fs/promises";
import path from "node:path";
import { hold } from "../core/lease.ts";
import { scratch } from "../core/scratch.ts";
import type { Doing } from "../core/step.ts";
import { sizeText } from "../core/units.ts";
import { bootstrap } from "./bootstrap.ts";
import { compress } from "./compress.ts";
import { rootVolume, type Site } from "./filesystem.ts";
import { diskImage } from "./image.ts";
import { type Arch, recipe } from "./recipe.ts";
import { distribution } from "./sources.ts";
import { type BaseImage, imagePath, keep, stored } from "./stored.ts";
import { buildMode, buildTools, mustRun } from "./tools.ts";

/** Builds the base image and keeps it, unless another run has done so meanwhile. */
export async function perform(
  doing: Doing,
  of: { readonly arch: Arch; readonly digest: string },
): Promise<BaseImage> {
  const { arch, digest } = of;
  const began = Date.now();
  const file = imagePath(arch);
  const { signal } = doing;
  const tools = await buildTools();
  const [mode, host] = [await buildMode(), await distribution()];
  await mustRun(arch);
  await using _lock = await hold(`${file}.lock`, {
    what: `the base image for ${arch}`,
    signal,
    patient: true,
  });
  const meanwhile = await builtSince(began, { arch, digest, signal });
  if (meanwhile) return meanwhile;
  await using folder = await scratch("base");
  const site: Site = { recipe: recipe(arch), tools, mode, folder: folder.path, signal };
  const archive = path.join(folder.path, "root.tar");
  const draft = `${file}.new`; // beside its place, for one rename
  try {
    await doing.move("packages", async () => {
      const meter = doing.meter("packages");
      const job = { ...site, distribution: host, archive, note: (text: string) => meter.note(text) };
      await bootstrap(tools.mmdebstrap, job).finally(() => meter.end());
    });
    const root = await doing.move("filesystem", () => rootVolume(site, archive));
    await rm(archive);
    const disk = await doing.move("disk", () => diskImage(site, root));
    await rm(root);
    const { size: rawSize } = await stat(disk);
    const meter = doing.meter("compress", rawSize);
    const words = site.recipe.compression;
    const job = {
      program: tools.xz,
      words,
      from: disk,
      to: draft,
      signal,
      passed: (bytes: number) => meter.add(bytes),
    };
    const made = await doing.move("compress", () => compress(job).finally(() => meter.end()));
    const image: BaseImage = { path: file, ...made, rawSize, digest, arch };
    await keep(image, draft);
    doing.say(`${sizeText(rawSize)} in ${sizeText(made.size)}: ${file}`);
    return image;
  } finally {
    await rm(draft, { force: true });
  }
}

/** What another run has built while this one waited for the lock. */
async function builtSince(
  began: number,
  of: { readonly arch: Arch; readonly digest: string; readonly signal: AbortSignal },
): Promise<BaseImage | undefined> {
  const modified = await stat(imagePath(of.arch)).then(
    (is) => is.mtimeMs,
    () => 0,
  );
  return modified >= began ? await stored(of.arch, of) : undefined;
}
