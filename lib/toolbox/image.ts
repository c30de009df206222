import { createReadStream } from "node:fs";
import { rename } from "node:fs/promises";
import { userInfo } from "node:os";
import path from "node:path";
import type Dockerode from "dockerode";
import fse from "fs-extra";
import tar from "tar-fs";
import { distribution, runProgram } from "../base.ts";
import { TpiError } from "../core/fault.ts";
import { hold } from "../core/lease.ts";
import { paths } from "../core/paths.ts";
import type { Scope } from "../core/scope.ts";
import { scratch } from "../core/scratch.ts";
import { tool } from "../core/tool.ts";
import { asks, followed } from "./docker.ts";
import { type ToolboxRecipe, toolboxFolder } from "./recipe.ts";

/** Whether the engine has an image, by name or id; `TOOLBOX_UNREACHABLE` where there is no engine. */
export async function hasImage(
  engine: Dockerode,
  of: { image: string; signal: AbortSignal },
): Promise<boolean> {
  const images = await asks("list its images", () => engine.listImages({ abortSignal: of.signal }));
  const names = images.flatMap(({ Id, RepoTags, RepoDigests }) => [
    Id,
    ...(RepoTags ?? []),
    ...(RepoDigests ?? []),
  ]);
  return names.includes(of.image) || names.includes(`${of.image}:latest`);
}

/** Has the engine build the Dockerfile, whose base it pulls from its registry. */
export async function fromRegistry(
  engine: Dockerode,
  of: { recipe: ToolboxRecipe; scope: Scope },
): Promise<void> {
  const { recipe, scope } = of;
  const meter = scope.meter("build");
  const context = tar.pack(toolboxFolder, { entries: [recipe.file] });
  const words = { t: recipe.image, dockerfile: recipe.file, abortSignal: scope.signal };
  await asks("build the toolbox", async () => {
    const stream = await engine.buildImage(context, words);
    await followed(stream, { engine, note: (text) => meter.note(text) });
  }).finally(() => meter.end());
}

/** The archive of the image's files in the cache; it can be carried to another machine and given to `docker import`. */
export const archivePath = ({ image }: ToolboxRecipe): string =>
  path.join(paths().cache, "toolbox", `${image.replace(":", "-")}.tar`);

/** Installs the packages into an archive, from the sources of this Debian or Ubuntu, unless the cache has it. As root. */
export async function archived(recipe: ToolboxRecipe, scope: Scope): Promise<string> {
  const file = archivePath(recipe);
  await using _lock = await hold(`${file}.lock`, {
    what: "the toolbox",
    signal: scope.signal,
    patient: true,
  });
  if (await fse.pathExists(file)) return file;
  const { uid, username: user } = userInfo();
  if (uid !== 0) throw new TpiError("TOOLBOX_UNPRIVILEGED", { user });
  const mmdebstrap = await tool("mmdebstrap", "building the toolbox from packages");
  const { suite, sources } = await distribution();
  await using folder = await scratch("toolbox");
  const draft = path.join(folder.path, "root.tar");
  const meter = scope.meter("packages");
  const line = (text: string) => meter.note(text.replace(/^I: /, ""));
  const unwanted = ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*"];
  const words = [
    ...["--variant=minbase", "--format=tar", `--include=${recipe.packages.join(",")}`],
    ...unwanted.map((glob) => `--dpkgopt=path-exclude=${glob}`),
  ];
  await runProgram({
    words: [mmdebstrap, ...words, suite, draft, "-"],
    signal: scope.signal,
    input: sources,
    line,
  }).finally(() => meter.end());
  await fse.move(draft, `${file}.new`, { overwrite: true }); // the scratch folder may be on another disk
  await rename(`${file}.new`, file);
  return file;
}

/** Gives the engine an archive as an image; no registry is asked for anything. */
export async function imported(
  engine: Dockerode,
  of: { recipe: ToolboxRecipe; file: string },
): Promise<void> {
  const [repo, tag] = of.recipe.image.split(":");
  await asks("import the toolbox", async () => {
    const stream = await engine.importImage(createReadStream(of.file), { repo, tag });
    await followed(stream, { engine, note: () => {} });
  });
}
