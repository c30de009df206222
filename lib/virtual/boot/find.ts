import { isFault } from "../../core/fault.ts";
import { openTree, type Partition, partitions, type Source, type Tree } from "../../disk.ts";
import { type KernelArch, kernelArch } from "./kernel.ts";
import { type Entry, extlinux, grub } from "./loader.ts";

/** A system that can be started from a disk. */
export interface Bootable {
  readonly arch: KernelArch;
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array | undefined;
  readonly append: string;
}

/** What is bootable on a disk, or why nothing is, in words for the serial console. */
export type Found =
  | { readonly kind: "system"; readonly system: Bootable }
  | { readonly kind: "none"; readonly why: string };

const configurations = [
  { paths: ["/boot/extlinux/extlinux.conf", "/extlinux/extlinux.conf"], parse: extlinux },
  { paths: ["/boot/grub/grub.cfg", "/grub/grub.cfg", "/EFI/debian/grub.cfg"], parse: grub },
] as const;

/**
 * Looks for a system as a module's boot loader does: partition by partition, by extlinux, then GRUB configuration, then
 * by the usual kernel names. A broken file system counts as one without a system.
 */
export async function findBootable(disk: Source): Promise<Found> {
  const table = await partitions(disk).catch(unreadable);
  if ("why" in table) return { kind: "none", why: table.why };
  const reasons: string[] = [];
  for (const partition of table.partitions) {
    const { kind } = partition.content;
    if (kind !== "ext4" && kind !== "fat") continue;
    const found = await onPartition(disk, partition).catch(unreadable);
    if (found && "kernel" in found) return { kind: "system", system: found };
    reasons.push(`partition ${partition.index}: ${found?.why ?? "no kernel"}`);
  }
  return { kind: "none", why: reasons.join("; ") || "its partitions hold no file system with a kernel" };
}

function unreadable(error: unknown): { readonly why: string } {
  if (isFault(error)) return { why: error.message };
  throw error;
}

async function onPartition(
  disk: Source,
  partition: Partition,
): Promise<Bootable | { why: string } | undefined> {
  const tree = await openTree(disk, partition);
  try {
    const entry = (await configured(tree)) ?? (await conventional(tree, partition.index));
    if (!entry) return undefined;
    if (!(await tree.exists(entry.kernel)))
      return { why: `${entry.kernel} is named by its boot loader and is not there` };
    const kernel = await tree.read(entry.kernel);
    const arch = kernelArch(kernel);
    if (!arch) return { why: `${entry.kernel} is no Linux kernel for x86-64 or arm64` };
    const initrd =
      entry.initrd && (await tree.exists(entry.initrd)) ? await tree.read(entry.initrd) : undefined;
    return { arch, kernel, initrd, append: withConsole(entry.append, arch) };
  } finally {
    await tree.close();
  }
}

async function configured(tree: Tree): Promise<Entry | undefined> {
  for (const { paths, parse } of configurations) {
    for (const path of paths) {
      if (!(await tree.exists(path))) continue;
      const entry = parse(new TextDecoder().decode(await tree.read(path)));
      if (entry) return entry;
    }
  }
  return undefined;
}

/** `/vmlinuz`, or the newest `/boot/vmlinuz-…`, with its own partition as root. */
async function conventional(tree: Tree, index: number): Promise<Entry | undefined> {
  const append = `root=/dev/vda${index} rw`;
  if (await tree.exists("/vmlinuz")) return { kernel: "/vmlinuz", initrd: "/initrd.img", append };
  const names = (await tree.exists("/boot")) ? await tree.list("/boot") : [];
  const order = new Intl.Collator("en", { numeric: true });
  const version = names
    .filter((name) => name.startsWith("vmlinuz-"))
    .toSorted(order.compare)
    .at(-1)
    ?.slice(8);
  if (!version) return undefined;
  return { kernel: `/boot/vmlinuz-${version}`, initrd: `/boot/initrd.img-${version}`, append };
}

/** The board's UART must show something whatever console the image was made for; the last one named is the main one. */
function withConsole(append: string, arch: KernelArch): string {
  const device = arch === "amd64" ? "ttyS0" : "ttyAMA0";
  return append.includes(`console=${device}`) ? append : `${append} console=${device},115200`.trim();
}
