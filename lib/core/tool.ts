import { access, constants, stat } from "node:fs/promises";
import path from "node:path";
import { TpiError } from "./fault.ts";

/** The packages that hold a program, on Debian and with Homebrew, where they are not called like it. */
const packages: Readonly<Record<string, { readonly apt: string; readonly brew: string }>> = {
  xz: { apt: "xz-utils", brew: "xz" },
  debugfs: { apt: "e2fsprogs", brew: "e2fsprogs" },
  e2fsck: { apt: "e2fsprogs", brew: "e2fsprogs" },
  resize2fs: { apt: "e2fsprogs", brew: "e2fsprogs" },
  mke2fs: { apt: "e2fsprogs", brew: "e2fsprogs" },
  "mkfs.ext4": { apt: "e2fsprogs", brew: "e2fsprogs" },
  mcopy: { apt: "mtools", brew: "mtools" },
  "fsck.fat": { apt: "dosfstools", brew: "dosfstools" },
  "mkfs.fat": { apt: "dosfstools", brew: "dosfstools" },
  sfdisk: { apt: "fdisk", brew: "util-linux" },
  ssh: { apt: "openssh-client", brew: "openssh" },
  "ssh-keygen": { apt: "openssh-client", brew: "openssh" },
  sshd: { apt: "openssh-server", brew: "openssh" },
  bwrap: { apt: "bubblewrap", brew: "bubblewrap" },
  mount: { apt: "mount", brew: "mount" },
  umount: { apt: "mount", brew: "mount" },
  losetup: { apt: "mount", brew: "mount" },
  unshare: { apt: "util-linux", brew: "util-linux" },
  setpriv: { apt: "util-linux", brew: "util-linux" },
  chroot: { apt: "coreutils", brew: "coreutils" },
  docker: { apt: "docker.io", brew: "docker" },
  "qemu-img": { apt: "qemu-utils", brew: "qemu" },
  "qemu-system-x86_64": { apt: "qemu-system-x86", brew: "qemu" },
  "qemu-system-aarch64": { apt: "qemu-system-arm", brew: "qemu" },
};

// e2fsprogs and sshd live there, and neither an ordinary user's PATH nor Homebrew's has them
const more = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/homebrew/opt/e2fsprogs/sbin"];

/** The path of a program, from PATH and the system's sbin folders; undefined where it is not installed. */
export async function toolPath(name: string): Promise<string | undefined> {
  const folders = [...(process.env.PATH ?? "").split(path.delimiter).filter(Boolean), ...more];
  for (const folder of folders) {
    const file = path.join(folder, name);
    if (await executable(file)) return file;
  }
  return undefined;
}

/** The path of a program that `needed` cannot do without; `TOOL_MISSING` says how to install it. */
export async function tool(name: string, needed: string): Promise<string> {
  const found = await toolPath(name);
  if (found === undefined)
    throw new TpiError("TOOL_MISSING", { tool: name, needed, install: installText(name) });
  return found;
}

/** How a program is installed on this kind of machine. */
export function installText(name: string): string {
  const { apt, brew } = packages[name] ?? { apt: name, brew: name };
  return process.platform === "darwin" ? `brew install ${brew}` : `apt-get install ${apt}`;
}

async function executable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
