import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { board, boardState } from "../board.ts";
import type { ConfigInput } from "../config.ts";
import { cmd } from "../core/cmd.ts";
import { paths } from "../core/paths.ts";
import { planning } from "../core/plan.ts";
import { type Step, step } from "../core/step.ts";
import { type BoardRecord, virtual } from "../virtual.ts";

/** What a plan goes on with where no board runs: nothing answers on port 1. */
const planned: BoardRecord = {
  pid: 1,
  start: "planned",
  host: "127.0.0.1",
  httpsPort: 1,
  sshPort: 1,
  user: "root",
  password: "planned",
  fingerprint: Array.from({ length: 32 }, () => "00").join(":"),
  sshHostKey: `SHA256:${"A".repeat(43)}`,
  dir: "planned",
};

/** A virtual board with all that a recipe and a person need to use it. */
export interface Desk {
  readonly record: BoardRecord;
  /** A tpi.yaml for it. */
  readonly config: string;
  /** For `ssh -F`: the nodes by name, by way of the board. */
  readonly sshConfig: string;
  readonly nodes: readonly { readonly name: string; readonly address: string }[];
  /** Whether it ran before. */
  readonly found: boolean;
}

const subnet = "10.10.88.0/24";
const gateway = "10.10.88.1";
const nodes = ["cp1", "w1", "w2", "w3"].map((name, at) => ({ name, address: `10.10.88.${71 + at}` }));
const user = "ops";

/** The folder of the desk's own files; a plan has one of its own, which goes away with it. */
const folder = () =>
  planning() ? path.join(tmpdir(), `tpi-plan-${process.pid}`) : path.join(paths().state, "desk");

/** Starts the background board, or finds it running; with it come a tpi.yaml, a key to log in with, and an ssh_config. */
export function desk(of: { readonly image: string; readonly modules: number }): Step<Desk> {
  const label = `a virtual board with ${of.modules} modules`;
  return step<Desk>({
    label,
    subject: "desk",
    moves: [{ kind: "start", subject: "desk", text: `${label} on this machine` }],
    standIn: () => ({ ...desked({ ...of, record: planned }), found: false }),
    settled: async () => {
      const record = await virtual.running();
      if (!record) return undefined;
      const { slots } = await virtual.control().status();
      const there = { ...of, record, modules: slots.filter((slot) => slot.module).length };
      await furnish(there);
      return {
        why: `one runs at ${record.host}:${record.httpsPort}`,
        value: { ...desked(there), found: true },
      };
    },
    perform: (doing) =>
      doing.move("start", async () => {
        const record = await virtual.up({ modules: of.modules, network: { subnet, gateway } }, doing.signal);
        await furnish({ ...of, record });
        await admit({ ...of, record }, doing.signal);
        return { ...desked({ ...of, record }), found: false };
      }),
  });
}

interface Furniture {
  readonly image: string;
  readonly modules: number;
  readonly record: BoardRecord;
}

function desked({ record, modules }: Furniture): Omit<Desk, "found"> {
  const file = (name: string) => path.join(folder(), name);
  return { record, config: file("tpi.yaml"), sshConfig: file("ssh_config"), nodes: nodes.slice(0, modules) };
}

/** Writes the desk's files; what is there already is written anew, but for the key. */
export async function furnish(of: Furniture): Promise<void> {
  const here = folder();
  await mkdir(here, { recursive: true, mode: 0o700 });
  const key = path.join(here, "id_ed25519");
  if (!existsSync(key)) {
    await promisify(execFile)("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "tpi-desk", "-f", key]);
  }
  const settings = settingsOf({ ...of, key });
  await write(path.join(here, "tpi.yaml"), stringify(settings));
  await write(path.join(here, "ssh_config"), sshText({ ...of, key }));
  const known = board(settings).nodes.map(({ address, hostKey }) => `${address} ${hostKey.publicKey}\n`);
  await write(path.join(here, "known_hosts"), known.join(""));
}

/** Lets the desk's key in on the board, so that `ssh -F` needs no password on its way to the nodes. */
async function admit(of: Furniture, signal: AbortSignal): Promise<void> {
  const key = path.join(folder(), "id_ed25519");
  const { ssh } = board(settingsOf({ ...of, key })).bmc;
  await ssh.exec(cmd`mkdir -p -m 700 /root/.ssh`, { signal });
  await ssh.put(`${key}.pub`, "/root/.ssh/authorized_keys", { signal, mode: 0o600 });
}

/** Ends the background board; its disks, its keys and what was remembered of it are removed. */
export async function clearDesk(): Promise<void> {
  const record = await virtual.running();
  if (!planning()) await virtual.down();
  await rm(folder(), { recursive: true, force: true });
  if (record && !planning())
    await rm(boardState({ host: record.host, port: record.httpsPort }), { recursive: true, force: true });
}

function settingsOf(of: Furniture & { readonly key: string }): ConfigInput {
  const { record, image, key, modules } = of;
  const { host, httpsPort, sshPort, fingerprint, sshHostKey, password } = record;
  const numbered = nodes.slice(0, modules).map((node, at) => [at + 1, nodeInput(node)] as const);
  return {
    board: {
      host,
      port: httpsPort,
      user: record.user,
      password,
      fingerprint,
      ssh: { port: sshPort, hostKey: sshHostKey },
    },
    network: { subnet, gateway, dns: gateway },
    image,
    keys: { private: key, authorized: `${key}.pub` },
    nodes: Object.fromEntries(numbered),
  };
}

const nodeInput = ({ name, address }: (typeof nodes)[number]) =>
  ({ module: "rk1", hostname: name, address, user }) as const;

function sshText({ record, key, modules }: Furniture & { readonly key: string }): string {
  const common = [
    `IdentityFile ${key}`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile ${path.join(folder(), "known_hosts")}`,
  ];
  const block = (name: string, lines: readonly string[]) =>
    [`Host ${name}`, ...[...lines, ...common].map((line) => `  ${line}`), ""].join("\n");
  const way = [
    `HostName ${record.host}`,
    `Port ${record.sshPort}`,
    `User ${record.user}`,
    "StrictHostKeyChecking accept-new",
  ];
  const far = nodes
    .slice(0, modules)
    .map(({ name, address }) => block(name, [`HostName ${address}`, `User ${user}`, "ProxyJump board"]));
  return [block("board", way), ...far].join("\n");
}

const write = (file: string, text: string) => writeFile(file, text, { mode: 0o600 });
