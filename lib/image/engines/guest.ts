import { TpiError } from "../../core/fault.ts";
import type { Scope } from "../../core/scope.ts";
import type { Partition, Tree } from "../../disk.ts";
import { lendBoot, type Volumes } from "./boot.ts";

/** A command for the inside of an image. */
export interface Errand {
  /** For `/bin/sh -e`, as root. */
  readonly command: string;
  /** The partition that is its root. */
  readonly partition: Partition;
  readonly scope: Scope;
}

/**
 * Runs a command in the image, with this machine's name servers and no service started by a package, both as before
 * when it ends, and with the boot volume where fstab says. `COMMAND_FAILED` has its last lines.
 */
export async function runInside(volumes: Volumes, errand: Errand): Promise<void> {
  const { command, partition, scope } = errand;
  const { agent, root } = volumes;
  await mustHavePlaces(root);
  const { bytes: servers } = await agent.ask("resolver");
  const undo = [await quiet(root), await lent(root, { path: "/etc/resolv.conf", content: servers })];
  const boot = await lendBoot(volumes);
  const line = (text: string) => scope.say(text);
  const { value } = await agent.ask("run", {
    partition: partition.index,
    command,
    places: boot.places,
    line,
  });
  for (const work of undo) await work();
  const { exit, last } = value as { exit: string; last: readonly string[] }; // lib/image/agent/run.mjs
  if (exit === "code 0") return await boot.giveBack();
  throw new TpiError("COMMAND_FAILED", { where: "the image", command, exit, stderr: last.join("\n") });
}

type Undo = () => Promise<void>;

const nothing: Undo = async () => {};

/** The kernel's own file systems are mounted on these; a link there would lead the mount out of the image. */
async function mustHavePlaces(tree: Tree): Promise<void> {
  for (const path of ["/proc", "/sys", "/dev", "/run"]) {
    if (!(await tree.exists(path))) await tree.mkdir(path);
    const { kind } = await tree.lstat(path);
    if (kind !== "folder")
      throw new TpiError("PATH_UNFIT", { path, where: "the image", is: `a ${kind}`, not: "a folder" });
  }
}

/** Debian's way to say that services are not to be started (invoke-rc.d(8)): 101 forbids it. */
async function quiet(tree: Tree): Promise<Undo> {
  const path = "/usr/sbin/policy-rc.d";
  if (!(await tree.exists("/usr/sbin")) || (await tree.exists(path))) return nothing;
  await tree.write(path, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  return () => tree.remove(path);
}

/** Other content for a file while a command runs; what the command itself made of the file stays. */
async function lent(tree: Tree, file: { path: string; content: Uint8Array }): Promise<Undo> {
  const { path, content } = file;
  if (content.length === 0 || !(await tree.exists("/etc"))) return nothing;
  const before = await present(tree, path);
  if (before === "other") return nothing;
  if (before && "target" in before) await tree.remove(path);
  await tree.write(path, content);
  return async () => {
    const now = await present(tree, path);
    if (typeof now !== "object" || !("content" in now) || Buffer.compare(now.content, content) !== 0) return;
    if (before && "content" in before) return await tree.write(path, before.content);
    await tree.remove(path);
    if (before) await tree.symlink(before.target, path);
  };
}

type Present = { readonly target: string } | { readonly content: Uint8Array } | "other" | undefined;

async function present(tree: Tree, path: string): Promise<Present> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  if (!(await tree.list(folder)).includes(path.slice(folder.length + 1))) return undefined;
  const { kind } = await tree.lstat(path);
  if (kind === "link") return { target: await tree.readlink(path) };
  return kind === "file" ? { content: await tree.read(path) } : "other";
}
