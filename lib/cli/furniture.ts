import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { board } from "../board.ts";
import type { ConfigInput } from "../config.ts";
import { cmd } from "../core/cmd.ts";
import type { BoardRecord } from "../virtual.ts";

/** What the files of a desk are made from, and their folder. */
export interface Furniture {
  readonly image: string;
  readonly modules: number;
  readonly record: BoardRecord;
  readonly folder: string;
}

/** The network of the virtual board's modules. */
export const network = { subnet: "10.10.88.0/24", gateway: "10.10.88.1" } as const;

/** Names and addresses of the modules, by slot. */
export const nodes = ["cp1", "w1", "w2", "w3"].map((name, at) => ({ name, address: `10.10.88.${71 + at}` }));

const user = "ops";

/** The private key that logs in to board and nodes; it is made once. */
export const keyIn = (folder: string): string => path.join(folder, "id_ed25519");

/** Writes a tpi.yaml, a key, known_hosts and an ssh_config; what is there already is written anew, but for the key. */
export async function furnish(of: Furniture): Promise<void> {
  await mkdir(of.folder, { recursive: true, mode: 0o700 });
  const key = keyIn(of.folder);
  if (!existsSync(key)) {
    await promisify(execFile)("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "tpi-desk", "-f", key]);
  }
  const write = (name: string, text: string) => writeFile(path.join(of.folder, name), text, { mode: 0o600 });
  const settings = settingsOf(of);
  await write("tpi.yaml", stringify(settings));
  await write("ssh_config", sshText(of));
  const known = board(settings).nodes.map(({ address, hostKey }) => `${address} ${hostKey.publicKey}\n`);
  await write("known_hosts", known.join(""));
}

/** Lets the desk's key in on the board, so that `ssh -F` needs no password on its way to the nodes. */
export async function admit(of: Furniture, signal: AbortSignal): Promise<void> {
  const { ssh } = board(settingsOf(of)).bmc;
  await ssh.exec(cmd`mkdir -p -m 700 /root/.ssh`, { signal });
  await ssh.put(`${keyIn(of.folder)}.pub`, "/root/.ssh/authorized_keys", { signal, mode: 0o600 });
}

function settingsOf({ record, image, modules, folder }: Furniture): ConfigInput {
  const key = keyIn(folder);
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
    network: { ...network, dns: network.gateway },
    image,
    keys: { private: key, authorized: `${key}.pub` },
    nodes: Object.fromEntries(numbered),
  };
}

const nodeInput = ({ name, address }: (typeof nodes)[number]) =>
  ({ module: "rk1", hostname: name, address, user }) as const;

function sshText({ record, modules, folder }: Furniture): string {
  const common = [
    `IdentityFile ${keyIn(folder)}`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile ${path.join(folder, "known_hosts")}`,
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
