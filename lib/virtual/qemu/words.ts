import type { KernelArch } from "../boot/kernel.ts";
import type { SlotNumber } from "../machine-slot.ts";
import type { Accelerator } from "./accelerator.ts";
import type { Link } from "./link.ts";

/** A module as qemu is told of it. */
export interface Guest {
  readonly slot: SlotNumber;
  readonly arch: KernelArch;
  readonly accel: Accelerator;
  readonly media: string;
  readonly kernel: string;
  readonly initrd: string | undefined;
  readonly append: string;
  readonly link: Link;
  /** In MiB. */
  readonly memory: number;
}

/** The qemu program for a processor. */
export const programOf = { amd64: "qemu-system-x86_64", arm64: "qemu-system-aarch64" } as const;

/** The hardware address of a slot's network port, the same every time: qemu's prefix, then "TP" and the slot. */
export const macOf = (slot: SlotNumber): string => `52:54:00:54:50:0${slot}`;

/** The plain processors boot fastest: a newer one makes the guest use instructions that are slow to translate. */
const translated = { amd64: "qemu64,-svm", arm64: "cortex-a72" } as const;

/**
 * The loader's words, and where instructions are translated one more, which keeps every program at the same addresses:
 * qemu 7.2 uses a translation again only where the code lies at the address it had, so that each new process costs
 * three and a half times as much without it.
 */
const commandLine = ({ append, accel }: Guest): string =>
  accel === "tcg" ? `${append} norandmaps`.trim() : append;

/** One processor, its eMMC as a virtio disk, the UART on standard input and output, a port on the board's network. */
export function guestWords(guest: Guest): readonly string[] {
  const { arch, accel, slot } = guest;
  return [
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-name", `node${slot}`],
    ...["-M", `${arch === "amd64" ? "q35" : "virt"},accel=${accel}`, "-smp", "1", "-m", String(guest.memory)],
    ...["-cpu", accel === "tcg" ? translated[arch] : "host"],
    ...[
      "-kernel",
      guest.kernel,
      ...(guest.initrd ? ["-initrd", guest.initrd] : []),
      "-append",
      commandLine(guest),
    ],
    // in qemu's option syntax a comma is doubled
    ...[
      "-drive",
      `if=none,id=emmc,format=raw,cache=writeback,discard=unmap,file=${guest.media.replaceAll(",", ",,")}`,
    ],
    ...["-device", "virtio-blk-pci,drive=emmc", "-device", "virtio-rng-pci"],
    ...["-netdev", guest.link.client, "-device", `virtio-net-pci,netdev=net,mac=${macOf(slot)},romfile=`],
    ...["-serial", "stdio"],
  ];
}
