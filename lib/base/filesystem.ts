import { mkdir, open, rm, stat } from "node:fs/promises";
import path from "node:path";
import { quote } from "../core/cmd.ts";
import { identifier, layout, type Recipe } from "./recipe.ts";
import { run } from "./run.ts";
import type { Mode, Tools } from "./tools.ts";

/** Where a build works, and with what. */
export interface Site {
  readonly recipe: Recipe;
  readonly tools: Tools;
  readonly mode: Mode;
  /** A scratch folder with room for three times the root file system. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

const mib = 2 ** 20;

/** Makes an ext4 file system of an archive, in the scratch folder. Owners are kept without being root, by fakeroot. */
export async function rootVolume(site: Site, archive: string): Promise<string> {
  const { tools, folder, signal } = site;
  const [tree, file] = [path.join(folder, "root"), path.join(folder, "root.ext4")];
  const bytes = roomy((await stat(archive)).size);
  await mkdir(tree);
  await using handle = await open(file, "w");
  await handle.truncate(bytes);
  const unpack = [tools.tar, "-C", tree, "--numeric-owner", "-xpf", archive].map(quote).join(" ");
  const make = [tools["mkfs.ext4"], ...ext4Words(site.recipe), "-d", tree, file].map(quote).join(" ");
  const shell = ["sh", "-c", `${unpack} && ${make}`] as const;
  await run({ words: site.mode === "root" ? shell : [tools.fakeroot, "--", ...shell], signal });
  await rm(tree, { recursive: true, force: true });
  return file;
}

/** Files grow by their last blocks, inodes and the journal when they come out of an archive; some room is for the user. */
const roomy = (archived: number): number => Math.ceil((archived * 1.15 + 160 * mib) / (16 * mib)) * 16 * mib;

function ext4Words(recipe: Recipe): readonly string[] {
  const uuid = identifier(recipe, "root");
  // all tables written now: a module that fills them in the background would be busy during every test
  const extended = `hash_seed=${identifier(recipe, "hash")},lazy_itable_init=0,lazy_journal_init=0`;
  return ["-q", "-F", "-b", "4096", "-m", "1", "-L", layout.root.label, "-U", uuid, "-E", extended];
}
