import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  appendFile,
  chmod,
  chown,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { fileSource, openTree, overlay, partitions, type Tree } from "../../lib/disk.ts";
import { e2fsckFindsNothing, epoch } from "./edited.ts";
import { inject, must, noise, tempFolder, tool } from "./tools.ts";
import { makeVariant, type Variant, variantNames } from "./variants.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const mib = 1 << 20;
const mount = path.join(home.path, "mount");
await mkdir(mount);
const from = path.join(home.path, "files");
await mkdir(path.join(from, "etc"), { recursive: true });
await writeFile(path.join(from, "etc", "hostname"), "ubuntu\n");
await writeFile(path.join(from, "large"), noise("large", 300_000));
const bases = new Map<Variant, Promise<string>>();
process.umask(0o022);
const mountable = (await tool("mount", "-o", "loop,ro", await variant("4 KiB blocks"), mount)).ok;
if (mountable) await must("umount", mount);

let runs = 0;

type Edit =
  | { readonly kind: "write"; readonly at: string; readonly size: number }
  | { readonly kind: "append"; readonly at: string; readonly size: number }
  | { readonly kind: "mkdir"; readonly at: string }
  | { readonly kind: "remove"; readonly at: string }
  | { readonly kind: "symlink"; readonly at: string; readonly target: string }
  | { readonly kind: "chmod"; readonly at: string; readonly mode: number }
  | { readonly kind: "chown"; readonly at: string; readonly id: number }
  | { readonly kind: "touch"; readonly at: string; readonly time: number };

const places = fc
  .array(fc.constantFrom("etc", "opt", "a name with spaces", "ünï", "x".repeat(120)), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) => `/${parts.join("/")}`);
/** Times that only `touch` gives: what is stamped otherwise is of today, or of the epoch. */
const times = [0, 1_000_000_001, 2 ** 31 - 1];
const edits: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("write" as const, "append" as const),
    at: places,
    size: fc.oneof(fc.nat(200), fc.nat(90_000)),
  }),
  fc.record({ kind: fc.constant("mkdir" as const), at: places }),
  fc.record({
    kind: fc.constant("remove" as const),
    at: fc.oneof(
      places,
      places.map((at) => `${at}.link`),
    ),
  }),
  // links have names of their own, which no other edit goes through: a mount would lead them to the host
  fc.record({
    kind: fc.constant("symlink" as const),
    at: places.map((at) => `${at}.link`),
    target: fc.constantFrom("/etc", "../x", `/${"far/".repeat(40)}`),
  }),
  fc.record({ kind: fc.constant("chmod" as const), at: places, mode: fc.constantFrom(0o600, 0o751, 0o1777) }),
  fc.record({ kind: fc.constant("chown" as const), at: places, id: fc.constantFrom(0, 1000, 65534) }),
  fc.record({ kind: fc.constant("touch" as const), at: places, time: fc.constantFrom(...times) }),
);

const skip = mountable ? false : "this machine cannot mount ext4 by a loop device";

test("any script of edits gives the tree that the same edits give through a mount", { skip }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...variantNames),
      fc.array(edits, { maxLength: 25 }),
      async (name, script) => {
        const base = await variant(name);
        runs += 1; // mount would take a loop device of a file of the same name again, with what it remembers of that
        const [own, reference] = [`${base}.own${runs}`, `${base}.reference${runs}`];
        await Promise.all([copyFile(base, own), copyFile(base, reference)]);
        const said = await byOverlay(own, script);
        await e2fsckFindsNothing(own);
        const wanted = await mounted(reference, async () => {
          const done: boolean[] = [];
          for (const [at, edit] of script.entries()) done.push(await succeeds(byKernel(edit, at)));
          return { done, tree: await shot(mount) };
        });
        assert.deepEqual(said, wanted.done);
        assert.deepEqual(await mounted(own, () => shot(mount)), wanted.tree);
        await Promise.all([rm(own), rm(reference)]);
      },
    ),
    { seed: 11, numRuns: 40 },
  );
});

/** Does the edits by the overlay and writes them into the file; which of them were done. */
async function byOverlay(file: string, script: readonly Edit[]): Promise<readonly boolean[]> {
  await using disk = overlay(await fileSource(file));
  const [partition] = (await partitions(disk)).partitions;
  assert.ok(partition);
  await using tree = await openTree(disk, partition, { epoch });
  const done: boolean[] = [];
  for (const [at, edit] of script.entries()) {
    done.push(await succeeds(byTree(tree, edit, at)));
  }
  await tree.close();
  for await (const change of disk.changes()) await inject(file, change.at, change.bytes);
  return done;
}

async function byTree(tree: Tree, edit: Edit, seed: number): Promise<void> {
  const { kind, at } = edit;
  if (kind === "write") await tree.write(at, noise(`${seed}`, edit.size));
  else if (kind === "append") await tree.append(at, noise(`${seed}`, edit.size));
  else if (kind === "mkdir") await tree.mkdir(at);
  else if (kind === "remove") await tree.remove(at, { recursive: true });
  else if (kind === "symlink") await tree.symlink(edit.target, at);
  else if (kind === "chmod") await tree.chmod(at, edit.mode);
  else if (kind === "touch") await tree.touch(at, edit.time);
  else await tree.chown(at, { uid: edit.id, gid: edit.id });
}

async function byKernel(edit: Edit, seed: number): Promise<void> {
  const { kind } = edit;
  const at = path.join(mount, edit.at);
  if (kind === "write") await writeFile(at, noise(`${seed}`, edit.size));
  else if (kind === "append") await appendFile(at, noise(`${seed}`, edit.size));
  else if (kind === "mkdir") await mkdir(at, 0o755);
  else if (kind === "remove") await rm(at, { recursive: true });
  else if (kind === "symlink") await symlink(edit.target, at);
  else if (kind === "chmod") await chmod(at, edit.mode);
  else if (kind === "touch") await utimes(at, edit.time, edit.time);
  else await chown(at, edit.id, edit.id);
}

const succeeds = (work: Promise<void>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );

async function mounted<T>(file: string, work: () => Promise<T>): Promise<T> {
  await must("mount", "-t", "ext4", "-o", "loop", file, mount);
  try {
    return await work();
  } finally {
    await must("umount", mount);
  }
}

/** One line for all that stands in a folder of the host: kind, mode, owner, a file's own time, and what it holds. */
async function shot(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder, { recursive: true })).toSorted();
  return await Promise.all(
    names.map(async (name) => {
      const own = path.join(folder, name);
      const stats = await lstat(own);
      const content = stats.isFile()
        ? createHash("sha1")
            .update(await readFile(own))
            .digest("hex")
        : "";
      const target = stats.isSymbolicLink() ? await readlink(own) : "";
      const touched = stats.isFile() && times.includes(stats.mtimeMs / 1000);
      const time = touched ? stats.mtimeMs / 1000 : "";
      return [name, time, stats.mode.toString(8), stats.uid, stats.gid, content, target].join(" ");
    }),
  );
}

function variant(name: Variant): Promise<string> {
  const base = bases.get(name) ?? makeVariant(name, { folder: home.path, from, size: 24 * mib });
  bases.set(name, base);
  return base;
}
