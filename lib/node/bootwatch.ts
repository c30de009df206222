import { firstBootLines } from "../os.ts";

/** What a console line says about a boot. */
export type BootSign =
  | { readonly kind: "stage"; readonly stage: string }
  | { readonly kind: "trouble"; readonly what: string };

const stages: readonly (readonly [RegExp, string])[] = [
  [/^U-Boot (SPL )?\d{4}/, "bootloader"],
  [/Linux version \d/, "kernel"],
  [/systemd\[1\]: systemd .* running in system mode/, "systemd"],
  [/Cloud-init v\. .* finished/, "cloud-init finished"],
  [/ login: ?$/, "login prompt"],
  [new RegExp(`^${firstBootLines.done}$`), "first boot done"],
];

const troubles: readonly (readonly [RegExp, string])[] = [
  [/Kernel panic - not syncing/, "the kernel panicked"],
  [/(VFS: Unable to mount root fs|ALERT! .* does not exist)/, "the root file system was not found"],
  [/(Give root password for maintenance|You are in emergency mode)/, "it stopped in emergency mode"],
  [new RegExp(`^${firstBootLines.failed} `), "a step of its first boot failed"],
  [/^\(initramfs\) ?$/, "it stopped in the initramfs shell"],
  [/^=> ?$/, "it stopped at the U-Boot prompt"],
  [/no bootable system/i, "there is nothing to boot on its disk"],
  [/cannot boot here/i, "this virtual board cannot boot modules"],
  [/(Bad Linux ARM64 Image magic|ERROR: can't get kernel image)/i, "U-Boot found no kernel"],
  [
    /^virtual board: (node \d has power and cannot boot|the machine has ended): /,
    "its qemu did not start, or ended",
  ],
];

/** What a line of a module's serial console says: the boot has come to a stage, or to an end; mostly nothing. */
export function bootSign(line: string): BootSign | undefined {
  const plain = withoutColour(line).trimEnd();
  const trouble = troubles.find(([pattern]) => pattern.test(plain));
  if (trouble) return { kind: "trouble", what: trouble[1] };
  const stage = stages.find(([pattern]) => pattern.test(plain));
  return stage ? { kind: "stage", stage: stage[1] } : undefined;
}

/** The line without terminal escape sequences (ECMA-48) and carriage returns. */
export const withoutColour = (line: string): string => line.replaceAll(/\u001b\[[0-9;?]*[ -/]*[@-~]|\r/g, "");
