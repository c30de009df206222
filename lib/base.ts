import path from "node:path";
import { type Arch, recipe, recipeDigest } from "./base/recipe.ts";
import { type BaseImage, imagePath, stored } from "./base/stored.ts";
import { type Step, step } from "./core/step.ts";

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
      { kind: "compress", subject, text: `compress it into ${file}`, makes: file },
    ],
    depends: { digest },
    standIn: () => ({ path: file, sha256: "", size: 0, rawSize: 0, digest, arch }),
    settled: async ({ signal }) => {
      const value = await stored(arch, { digest, signal });
      return value && { why: `${path.basename(file)} is in the cache`, value };
    },
    perform: async (doing) => await (await import("./base/build.ts")).perform(doing, { arch, digest }), // once a month
  });
}
