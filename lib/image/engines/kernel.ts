import { readFile } from "node:fs/promises";
import { release } from "node:os";
import fse from "fs-extra";
import type { Needs } from "../engine.ts";

/** Why this machine's kernel cannot do what is needed, with what would help; undefined where it can. */
export async function kernelLacks(needs: Needs): Promise<string | undefined> {
  const type = needs.rootKind.toLowerCase();
  if (!(await mountable(type))) {
    return `this kernel (${release()}) cannot mount ${needs.rootKind}, and a container has the same kernel: use a machine whose kernel can (modprobe ${type})`;
  }
  return needs.commands ? await cannotRun(needs.arch) : undefined;
}

/** Whether a file system is in the kernel, or in a module that it can load. */
async function mountable(type: string): Promise<boolean> {
  const known = await readFile("/proc/filesystems", "utf8").catch(() => "");
  if (known.split("\n").some((line) => line.split("\t")[1] === type)) return true;
  const modules = await readFile(`/lib/modules/${release()}/modules.dep`, "utf8").catch(() => "");
  return modules.includes(`/${type}.ko`);
}

/** Names of processors: Debian's, Node's, and QEMU's. */
const processors = [
  { debian: "amd64", node: "x64", qemu: "x86_64" },
  { debian: "arm64", node: "arm64", qemu: "aarch64" },
  { debian: "armhf", node: "arm", qemu: "arm" },
  { debian: "riscv64", node: "riscv64", qemu: "riscv64" },
] as const;

async function cannotRun(arch: string | undefined): Promise<string | undefined> {
  const own = processors.find(({ node }) => node === process.arch)?.debian;
  if (arch === undefined || arch === own || (own === "amd64" && arch === "i386")) return undefined;
  const qemu = processors.find(({ debian }) => debian === arch)?.qemu ?? arch;
  const found = await emulator(qemu);
  if (found?.fixed) return undefined;
  const install = `apt-get install qemu-user-static, or docker run --privileged --rm tonistiigi/binfmt --install ${arch}`;
  if (!found) {
    return `the image is for ${arch}, and this kernel has no emulator for it in binfmt_misc: ${install}`;
  }
  return `the kernel's emulator for ${arch} (${found.interpreter}) lacks the flag F, so it is not found inside an image: ${install}`;
}

interface Emulator {
  readonly interpreter: string;
  /** Opened when it was registered, and so found from inside any root (flag `F` of binfmt_misc). */
  readonly fixed: boolean;
}

/** Registered under this name by Debian, Fedora and Docker alike. */
async function emulator(qemu: string): Promise<Emulator | undefined> {
  const file = `/proc/sys/fs/binfmt_misc/qemu-${qemu}`;
  const text = await readFile(file, "utf8").catch(() => "");
  if (!text.startsWith("enabled")) return undefined;
  return { interpreter: /^interpreter (.*)$/m.exec(text)?.[1] ?? "", fixed: /^flags: .*F/m.test(text) };
}

/** Whether this process may mount: root with CAP_SYS_ADMIN (capabilities(7): bit 21), which root of a container lacks. */
export async function mayMount(): Promise<boolean> {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  return process.getuid?.() === 0 && ((BigInt(`0x${effective}`) >> 21n) & 1n) === 1n;
}

/** Whether the kernel has loop devices. */
export const hasLoops = (): Promise<boolean> => fse.pathExists("/dev/loop-control");
