import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { TpiError } from "../core/fault.ts";
import { toolPath } from "../core/tool.ts";
import type { Arch } from "./recipe.ts";

/** How the packages are unpacked without being root: mmdebstrap's own words for it. */
export type Mode = "root" | "unshare" | "fakechroot";

/** The programs of a build, by the name they are called by, as paths. */
export type Tools = Readonly<Record<ToolName, string>>;

type ToolName = keyof typeof packages;

const packages = {
  mmdebstrap: "mmdebstrap",
  fakeroot: "fakeroot",
  tar: "tar",
  dd: "coreutils",
  sfdisk: "fdisk",
  "mkfs.ext4": "e2fsprogs",
  "mkfs.fat": "dosfstools",
  xz: "xz-utils",
} as const;

/** Finds every program that a build calls. `TOOL_MISSING` names all that are missing, with one line to install them. */
export async function buildTools(): Promise<Tools> {
  const names = Object.keys(packages) as ToolName[]; // the keys of a constant
  const found = await Promise.all(names.map(async (name) => [name, await toolPath(name)] as const));
  const missing = found.flatMap(([name, path]) => (path ? [] : [name]));
  if (missing.length > 0) {
    const install = `sudo apt-get install -y ${missing.map((name) => packages[name]).join(" ")}`;
    throw new TpiError("TOOL_MISSING", {
      tool: missing.join(", "),
      needed: "building a base image",
      install,
    });
  }
  return Object.fromEntries(found) as Record<ToolName, string>; // all are there
}

/**
 * Root works as root; a user with subordinate ids in a user namespace; others under fakechroot where that is installed.
 * `BASE_UNPRIVILEGED` otherwise.
 */
export async function buildMode(): Promise<Mode> {
  const { uid, username } = userInfo();
  if (uid === 0) return "root";
  const listed = await Promise.all(
    ["/etc/subuid", "/etc/subgid"].map((file) => hasRange(file, [username, String(uid)])),
  );
  if (listed.every(Boolean) && (await toolPath("newuidmap"))) return "unshare";
  if (await toolPath("fakechroot")) return "fakechroot";
  if (!listed.every(Boolean)) throw new TpiError("BASE_UNPRIVILEGED", { user: username });
  const install = "sudo apt-get install -y uidmap";
  throw new TpiError("TOOL_MISSING", {
    tool: "newuidmap",
    needed: "building a base image without being root",
    install,
  });
}

async function hasRange(file: string, names: readonly string[]): Promise<boolean> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n").some((line) => names.includes(line.split(":")[0] ?? ""));
}

/**
 * `BASE_FOREIGN` where the packages' programs would not run here: neither this processor's nor emulated by the kernel, or
 * mmdebstrap has no `arch-test` to find that out with.
 */
export async function mustRun(arch: Arch): Promise<void> {
  const host = process.arch === "x64" ? "amd64" : process.arch;
  if (host === arch) return;
  const name = arch === "arm64" ? "qemu-aarch64" : "qemu-x86_64";
  const state = await readFile(`/proc/sys/fs/binfmt_misc/${name}`, "utf8").catch(() => "");
  if (!state.startsWith("enabled") || !(await toolPath("arch-test")))
    throw new TpiError("BASE_FOREIGN", { arch, host });
}
