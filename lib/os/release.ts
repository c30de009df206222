import type { Tree } from "../disk.ts";
import type { OsFacts } from "./system.ts";

const paths = ["/etc/os-release", "/usr/lib/os-release"];

/** Whether a tree is the root of an operating system: it says which (os-release(5)). */
export async function isRoot(tree: Tree): Promise<boolean> {
  return (await firstOf(tree, paths)) !== undefined;
}

/** What the root of a system says of itself; its mechanism and seed are for others to find. */
export async function factsOf(root: Tree): Promise<OsFacts> {
  const path = await firstOf(root, paths);
  const release = fields(path ? await text(root, path) : "");
  const codename = release.get("VERSION_CODENAME");
  const [arch, flavour] = [await archOf(root), await flavourOf(root)];
  return {
    id: release.get("ID") ?? "linux",
    version: release.get("VERSION_ID") ?? "",
    title: release.get("PRETTY_NAME") ?? "Linux",
    mechanism: "none",
    ...(codename ? { codename } : {}),
    ...(arch ? { arch } : {}),
    ...(flavour ? { flavour } : {}),
  };
}

/** Marks that derivatives leave; their os-release calls itself Debian or Ubuntu. The first that is there counts. */
const marks = [
  { path: "/etc/armbian-release", flavour: "armbian" },
  { path: "/etc/rpi-issue", flavour: "raspios" },
  { path: "/etc/systemd/system/rpi-set-sysconf.service", flavour: "debian-raspi" },
  { path: "/usr/local/sbin/rpi-set-sysconf", flavour: "debian-raspi" },
  { path: "/etc/cloud/cloud.cfg.d/99-fake-cloud.cfg", flavour: "ubuntu-raspi" },
  { path: "/usr/lib/u-boot/u-boot-rockchip.bin", flavour: "ubuntu-rockchip" },
  { path: "/usr/lib/u-boot/turing-rk1", flavour: "ubuntu-rockchip" },
] as const;

async function flavourOf(root: Tree): Promise<OsFacts["flavour"]> {
  for (const { path, flavour } of marks) if (await root.exists(path)) return flavour;
  return undefined;
}

/** dpkg's own word, or that of a program's header: a 32-bit userland may run on a 64-bit kernel. */
async function archOf(root: Tree): Promise<string | undefined> {
  const said = await firstOf(root, ["/var/lib/dpkg/arch-native", "/var/lib/dpkg/arch"]);
  const native = said ? (await text(root, said)).split("\n")[0]?.trim() : undefined;
  if (native) return native;
  const program = await firstOf(root, ["/bin/true", "/usr/bin/env", "/bin/sh"]);
  const built = program ? elfArch(await root.read(program)) : undefined;
  if (built) return built;
  const status = await firstOf(root, ["/var/lib/dpkg/status"]);
  return status ? /^Architecture: (?!all$)(\S+)$/m.exec(await text(root, status))?.[1] : undefined;
}

const machines: Readonly<Record<number, string>> = {
  3: "i386",
  40: "armhf",
  62: "amd64",
  183: "arm64",
  243: "riscv64",
};

/** Debian's name for the machine in an ELF header (elf(5), `e_machine`); all of them are little endian. */
export function elfArch(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 20));
  if (head.length < 20 || head.toString("latin1", 0, 4) !== "\x7fELF") return undefined;
  return machines[head.readUInt16LE(18)];
}

async function firstOf(tree: Tree, candidates: readonly string[]): Promise<string | undefined> {
  for (const path of candidates) if (await tree.exists(path)) return path;
  return undefined;
}

const text = async (tree: Tree, path: string): Promise<string> =>
  new TextDecoder().decode(await tree.read(path));

/** The fields of an os-release file, quotes removed. */
function fields(release: string): ReadonlyMap<string, string> {
  const pairs = release.split("\n").map((line) => /^([A-Z0-9_]+)=["']?(.*?)["']?$/.exec(line.trim()));
  return new Map(pairs.flatMap((pair) => (pair?.[1] ? [[pair[1], pair[2] ?? ""] as const] : [])));
}
