import { parse } from "yaml";
import { base } from "../base.ts";
import { table } from "../core/table.ts";
import { type FaultPatch, virtual } from "../virtual.ts";
import { clearDesk, counted, type Desk, desk } from "./desk.ts";

/** Starts the background board with so many modules, or finds it running, and prints how it is reached. */
export async function up(modules: number): Promise<void> {
  const own = await desk({ image: base().path, modules });
  process.stdout.write(`${reached(own)}\n`);
  if (own.nodes.length === modules) return;
  process.stderr.write(
    `it has ${counted(own.nodes.length)}; for ${modules}: npx tpix board down, then npx tpix board up --modules ${modules}\n`,
  );
}

/** How a board is reached, for a person; the lines with `export` can be pasted into a shell. */
function reached({ record, config, sshConfig, nodes }: Desk): string {
  const { host, httpsPort, sshPort, user, password, fingerprint, sshHostKey } = record;
  return [
    `the virtual board is up at https://${host}:${httpsPort}, SSH on port ${sshPort}`,
    `certificate  sha256 ${fingerprint}`,
    `host key     ${sshHostKey}`,
    "for recipes and the REPL (or: npx tpix run --board virtual RECIPE):",
    `export TPI_CONFIG=${config}`,
    "for other tools:",
    `export TPI_HOST=${host} TPI_PORT=${httpsPort} TPI_USER=${user} TPI_PASSWORD=${password}`,
    `ssh -F ${sshConfig} board  # and, once they are flashed, ${nodes.map(({ name }) => name).join(", ")}`,
  ].join("\n");
}

/** Ends the background board; with `keep`, its disks and its desk stay for the next one. */
export async function down(keep: boolean): Promise<void> {
  const record = await virtual.running();
  if (keep) await virtual.down(undefined, { keep });
  else await clearDesk();
  if (!record) return void process.stdout.write("no virtual board ran\n");
  const disks = keep ? "its disks are kept" : "its disks are gone";
  process.stdout.write(
    `the virtual board at https://${record.host}:${record.httpsPort} has ended; ${disks}\n`,
  );
}

/** Prints the slots and the armed faults; `VIRTUAL_DOWN` where no board runs. */
export async function status(): Promise<void> {
  const { httpsPort, sshPort, pid, slots, faults } = await virtual.control().status();
  process.stdout.write(`https ${httpsPort}, ssh ${sshPort}, process ${pid}\n`);
  table(
    slots.map((slot) => Object.fromEntries(Object.entries(slot).map(([key, value]) => [key, cell(value)]))),
  );
  process.stdout.write(`faults: ${JSON.stringify(faults)}\n`);
}

/** Arms and clears faults, and prints what is armed then. `FAULT_UNKNOWN`, `VIRTUAL_DOWN`. */
export async function armFaults(words: readonly string[]): Promise<void> {
  const control = virtual.control();
  const armed = words.includes("clear")
    ? await control.faults("clear")
    : await control.faults(patchOf(words));
  process.stdout.write(`${JSON.stringify(armed)}\n`);
}

/** `name=value` with the value as in YAML; `name` alone is true, `name=` clears. The board checks names and values. */
function patchOf(words: readonly string[]): FaultPatch {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value] = /^([^=]+)(?:=(.*))?$/s.exec(word) ?? [undefined, word];
      return [name, value === undefined ? true : (parse(value) as unknown)];
    }),
  );
}

const cell = (value: unknown): string | number | undefined =>
  typeof value === "number" || typeof value === "string" || value === undefined
    ? value
    : JSON.stringify(value);
