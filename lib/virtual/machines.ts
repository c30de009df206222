import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { TpiError } from "../core/fault.ts";
import { installText, tool, toolPath } from "../core/tool.ts";
import { fileSource } from "../disk.ts";
import { type Bootable, findBootable } from "./boot/find.ts";
import { type Lan, startLan } from "./lan.ts";
import {
  type Connect,
  type Machine,
  type MachineSlot,
  type StartMachine,
  slotNumbers,
} from "./machine-slot.ts";
import { accelerator } from "./qemu/accelerator.ts";
import { type Link, link } from "./qemu/link.ts";
import { type Qemu, startQemu, sweepQemu } from "./qemu/process.ts";
import { guestWords, programOf } from "./qemu/words.ts";

/** Modules that boot what is on their media, in qemu; disposing ends them all and the network between them. */
export interface Machines extends AsyncDisposable {
  readonly start: StartMachine;
  /** The way into the modules' network. */
  readonly lan: { readonly connect: Connect };
}

/** Where they run. */
export interface MachineOptions {
  /** For sockets, pid files and the kernels read from the media; left as it was found. */
  readonly dir: string;
  readonly subnet?: string;
  /** The first address of the subnet by default. */
  readonly gateway?: string;
  /** Memory of each module, in MiB. */
  readonly memory?: number;
}

/** A place for machines to run, or how to get one where qemu is not installed. Nothing is started before it is used. */
export async function qemuMachines(
  options: MachineOptions,
): Promise<Machines | { readonly missing: string }> {
  const { dir, subnet = "10.10.88.0/24", gateway, memory = 768 } = options;
  const program = (await toolPath(programOf.amd64)) ?? (await toolPath(programOf.arm64));
  if (!program) return { missing: `${programOf.amd64} is not installed (${installText(programOf.amd64)})` };
  await mkdir(dir, { recursive: true });
  await sweepQemu(dir);
  const { stdout } = await promisify(execFile)(program, ["--version"]);
  const version = /version (\d+\.\d+)/.exec(stdout)?.[1] ?? "0.0";
  const links = await Promise.all(slotNumbers.map((slot) => link(slot, version)));
  const running = new Set<Machine>();
  let switched: Promise<Lan> | undefined;
  const lan = () => (switched ??= startLan({ program, dir, subnet, gateway, links }));
  return {
    start: async (slot) => {
      await lan();
      const cable = links[slot.slot - 1];
      if (!cable) throw new TypeError(`there is no slot ${slot.slot}`);
      const machine = await startMachine(slot, { dir, link: cable, memory });
      running.add(machine);
      return machine;
    },
    lan: { connect: async (host, port) => (await lan()).connect(host, port) },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...running].map((machine) => machine.stop()));
      await (await switched?.catch(() => undefined))?.[Symbol.asyncDispose]();
      for (const slot of slotNumbers) await rm(path.join(dir, `lan${slot}.sock`), { force: true });
    },
  };
}

interface Place {
  readonly dir: string;
  readonly link: Link;
  readonly memory: number;
}

/** A machine outlives its process when the guest reboots: the disk is read again, as the boot loader would. */
async function startMachine(slot: MachineSlot, place: Place): Promise<Machine> {
  const first = await boot(slot, place);
  let starting: Promise<Qemu | undefined> = Promise.resolve(first);
  let stopped = false;
  const next = async ({ qmp }: Qemu): Promise<Qemu | undefined> => {
    if (stopped || qmp.shutdown() !== "guest-reset") return undefined;
    starting = boot(slot, place);
    return await starting;
  };
  async function* printed(): AsyncGenerator<Uint8Array> {
    for (let qemu: Qemu | undefined = first; qemu; ) {
      yield* qemu.output;
      const why = await qemu.ended;
      if (why) yield said(`the machine has ended: ${why}`);
      try {
        qemu = await next(qemu);
      } catch (error) {
        yield said(error instanceof Error ? error.message : String(error));
        return;
      }
    }
  }
  return {
    console: printed(),
    write: (bytes) => void starting.then((qemu) => qemu?.input.write(bytes)).catch(() => {}),
    stop: async () => {
      stopped = true;
      await (await starting.catch(() => undefined))?.kill();
      await removeFiles(slot, place);
    },
  };
}

const said = (text: string): Uint8Array => Buffer.from(`\r\nvirtual board: ${text}\r\n`);

async function boot(slot: MachineSlot, place: Place): Promise<Qemu> {
  const { arch, append, ...system } = await systemOn(slot);
  const program = await tool(programOf[arch], `a module with an ${arch} system`);
  const [kernel, initrd] = filesOf(slot, place);
  await writeFile(kernel, system.kernel);
  if (system.initrd) await writeFile(initrd, system.initrd);
  const words = guestWords({
    ...{
      slot: slot.slot,
      arch,
      append,
      accel: await accelerator(arch, program),
      media: path.resolve(slot.media),
    },
    ...{ kernel, initrd: system.initrd ? initrd : undefined, link: place.link, memory: place.memory },
  });
  return await startQemu({ program, words, dir: place.dir, name: `slot${slot.slot}` });
}

async function systemOn({ slot, media }: MachineSlot): Promise<Bootable> {
  await using disk = await fileSource(media);
  const found = await findBootable(disk);
  if (found.kind === "none") throw new TpiError("MACHINE_UNBOOTABLE", { slot, why: found.why });
  return found.system;
}

const filesOf = ({ slot }: MachineSlot, { dir }: Place) =>
  [path.resolve(dir, `slot${slot}.kernel`), path.resolve(dir, `slot${slot}.initrd`)] as const;

async function removeFiles(slot: MachineSlot, place: Place): Promise<void> {
  for (const file of filesOf(slot, place)) await rm(file, { force: true });
}
