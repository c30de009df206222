import { execFile } from "node:child_process";
import { access, constants, writeFile } from "node:fs/promises";
import path from "node:path";
import { scratch } from "../../core/scratch.ts";
import type { KernelArch } from "../boot/kernel.ts";

/** What makes a guest fast, or `tcg`, which translates its instructions and works everywhere. */
export type Accelerator = "kvm" | "hvf" | "tcg";

const found = new Map<KernelArch, Promise<Accelerator>>();

/** The accelerator that really runs guests of this kind here; asked once per process. */
export function accelerator(arch: KernelArch, program: string): Promise<Accelerator> {
  const known = found.get(arch) ?? detect(arch, program);
  found.set(arch, known);
  return known;
}

async function detect(arch: KernelArch, program: string): Promise<Accelerator> {
  const native = process.arch === (arch === "amd64" ? "x64" : "arm64");
  if (!native) return "tcg";
  if (process.platform === "darwin")
    return (await runsGuest({ arch, program, accel: "hvf" })) ? "hvf" : "tcg";
  const device = await access("/dev/kvm", constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  return device && (await runsGuest({ arch, program, accel: "kvm" })) ? "kvm" : "tcg";
}

/** A guest of a few instructions that switches itself off: a boot sector for a PC, a kernel for an arm64 machine. */
const guests = {
  // cli; mov al,0x10; out 0xf4,al; hlt: the value n leaves the debug-exit device as exit code 2n+1
  amd64: { code: [0xfa, 0xb0, 0x10, 0xe6, 0xf4, 0xf4], exit: 33, size: 512 },
  // movz x0,#8; movk x0,#0x8400,lsl #16; hvc #0 (PSCI SYSTEM_OFF); b .
  arm64: {
    code: [0x00, 0x01, 0x80, 0xd2, 0x00, 0x80, 0xb0, 0xf2, 0x02, 0x00, 0x00, 0xd4, 0x00, 0x00, 0x00, 0x14],
    exit: 0,
    size: 16,
  },
} as const;

/**
 * Whether a guest runs to its end within 10 s. A device that opens proves nothing: under nested virtualisation a guest
 * may be refused, or stand at its first instruction for ever.
 */
export async function runsGuest(of: {
  arch: KernelArch;
  program: string;
  accel: Accelerator;
}): Promise<boolean> {
  const { arch, program, accel } = of;
  const guest = guests[arch];
  await using folder = await scratch("accelerator");
  const file = path.join(folder.path, "guest");
  const bytes = Buffer.alloc(guest.size);
  bytes.set(guest.code);
  if (arch === "amd64") bytes.set([0x55, 0xaa], 510);
  await writeFile(file, bytes);
  const cpu = accel === "tcg" ? [] : ["-cpu", "host"];
  const pc = [
    "-M",
    `pc,accel=${accel}`,
    "-drive",
    `file=${file},format=raw`,
    "-device",
    "isa-debug-exit,iobase=0xf4,iosize=4",
  ];
  const virt = ["-M", `virt,accel=${accel}`, "-kernel", file];
  const kind = arch === "amd64" ? pc : [...virt, ...(accel === "tcg" ? ["-cpu", "cortex-a72"] : [])];
  const words = [
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-no-reboot",
    "-m",
    "64",
    ...kind,
    ...cpu,
  ];
  return await new Promise((resolve) => {
    const child = execFile(program, words, { timeout: 10_000, killSignal: "SIGKILL" }, () =>
      resolve(child.exitCode === guest.exit),
    );
  });
}
