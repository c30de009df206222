import { rm, stat } from "node:fs/promises";
import path from "node:path";
import { bootstrap } from "./base/bootstrap.ts";
import { compress } from "./base/compress.ts";
import { rootVolume, type Site } from "./base/filesystem.ts";
import { diskImage } from "./base/image.ts";
import { type Arch, recipe, recipeDigest } from "./base/recipe.ts";
import { distribution } from "./base/sources.ts";
import { type BaseImage, imagePath, keep, stored } from "./base/stored.ts";
import { buildMode, buildTools, mustRun } from "./base/tools.ts";
import { hold } from "./core/lease.ts";
import { scratch } from "./core/scratch.ts";
import { type Doing, type Step, step } from "./core/step.ts";
import { sizeText } from "./core/units.ts";

export type { Arch } from "./base/recipe.ts";
export { run as runProgram } from "./base/run.ts";
export { distribution } from "./base/sources.ts";
export type { BaseImage } from "./base/stored.ts";

/** A disk image for the virtual board, laid out like the Ubuntu server image for the RK1. */
export interface Base {
  readonly arch: Arch;
  /** Where it lies in the cache once it is built. */
  readonly path: string;
  /**
   * Builds it from this machine's Debian packages, without being root; nothing to do where the cached one has this
   * description. Two builds at once: the second waits for the first. Faults: `BASE_HOST_UNFIT`, `BASE_UNPRIVILEGED`,
   * `BASE_FOREIGN`, `TOOL_MISSING`, `COMMAND_FAILED`.
   */
  build(): Step<BaseImage>;
}

/** The base image for an architecture; amd64 boots fastest on most desks, arm64 is what the modules are. */
export function base({ arch = "amd64" }: { readonly arch?: Arch } = {}): Base {
  return { arch, path: imagePath(arch), build: () => build(arch) };
}

function build(arch: Arch): Step<BaseImage> {
  const of = recipe(arch);
  const digest = recipeDigest(of);
  const file = imagePath(arch);
  const subject = `base-${arch}`;
  return step({
    label: `build the base image for ${arch}`,
    subject,
    moves: [
      {
        kind: "packages",
        subject,
        text: `download and install ${of.packages.length + 1} packages and what they need`,
      },
      { kind: "filesystem", subject, text: "make an ext4 file system of them" },
      { kind: "disk", subject, text: "lay out the disk: bootloader, seed volume, root" },
      { kind: "compress", subject, text: `compress it into ${file}` },
    ],
    depends: { digest },
    standIn: () => ({ path: file, sha256: "", size: 0, rawSize: 0, digest, arch }),
    settled: async ({ signal }) => {
      const value = await stored(arch, { digest, signal });
      return value && { why: `${path.basename(file)} is in the cache`, value };
    },
    perform: (doing) => perform(doing, { arch, digest }),
  });
}

async function perform(
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
