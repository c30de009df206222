import { type Command, Option } from "commander";
import type { Where } from "../image.ts";

/** The words about disk images. */
export function images(words: Command): void {
  words
    .command("check")
    .description("look for mistakes: units, scripts, keys, mounts, network, SSH, secrets")
    .argument("<image>", "a file or a URL")
    .option("--json", "for programs", false)
    .action(async (base: string, options: { json: boolean }) =>
      (await import("./image.ts")).checkImage(base, options),
    );
  words
    .command("show")
    .description("tell its layout, its system, its sizes, and the engine that would edit it")
    .argument("<image>", "a file or a URL")
    .action(async (base: string) => (await import("./image.ts")).showImage(base));
  const volume = () =>
    new Option("--volume <volume>", "another one than the system's root").choices(["system", "boot", "seed"]);
  words
    .command("ls")
    .description("list what is in a folder of an image")
    .argument("<image>", "a file or a URL")
    .argument("[path]", "in the image", "/")
    .addOption(volume())
    .action(async (base: string, at: string, where: Where) =>
      (await import("./inside.ts")).listInside(base, at, where),
    );
  words
    .command("cat")
    .description("print a file of an image")
    .argument("<image>", "a file or a URL")
    .argument("<path>", "in the image")
    .addOption(volume())
    .action(async (base: string, at: string, where: Where) =>
      (await import("./inside.ts")).printInside(base, at, where),
    );
}
