import { type ExecFileException, execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { VirtualBoard } from "../../lib/virtual.ts";

/** How a program ended. */
export interface Ended {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** OpenSSH's clients, with a key that the board knows and its host key pinned. */
export interface OpenSsh extends AsyncDisposable {
  readonly folder: string;
  /** `ssh` with these arguments before the host, and the command behind it. */
  ssh(command: string, more?: readonly string[], input?: string | Buffer): Promise<Ended>;
  /** `scp`; `board:` stands for the board. */
  scp(...args: readonly string[]): Promise<Ended>;
  /** `sftp` with a batch of commands. */
  sftp(batch: string): Promise<Ended>;
  readonly config: string;
}

/** Makes a key, puts it among the board's authorized ones, and writes a configuration for the clients. */
export async function openSsh(board: Pick<VirtualBoard, "root" | "host" | "sshPort">): Promise<OpenSsh> {
  const folder = await mkdtemp(path.join(tmpdir(), "tpi-openssh-"));
  const [keyFile, known, config] = ["key", "known_hosts", "config"].map((name) =>
    path.join(folder, name),
  ) as [string, string, string];
  await promisify(execFile)("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", keyFile]);
  const publicKey = await readFile(`${keyFile}.pub`, "utf8");
  await writeFile(path.join(board.root, "root/.ssh/authorized_keys"), `# mine\n${publicKey}`);
  const lines = [
    "Host board",
    `HostName ${board.host}`,
    `Port ${board.sshPort}`,
    "User root",
    `IdentityFile ${keyFile}`,
    "IdentitiesOnly yes",
    "StrictHostKeyChecking accept-new",
    `UserKnownHostsFile ${known}`,
    "LogLevel ERROR",
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  const run = (program: string, args: readonly string[], input: string | Buffer = "") =>
    new Promise<Ended>((done) => {
      const ended = (error: ExecFileException | null, stdout: string, stderr: string) =>
        done({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr });
      const child = execFile(program, ["-F", config, ...args], { maxBuffer: 64 << 20 }, ended);
      child.stdin?.on("error", () => undefined).end(input);
    });
  return {
    folder,
    config,
    ssh: (command, more = [], input = "") =>
      run("ssh", [...more, "board", ...(command ? [command] : [])], input),
    scp: (...args) => run("scp", args),
    sftp: (batch) => run("sftp", ["-b", "-", "board"], batch),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
