import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Secret } from "../../lib/core/secret.ts";
import type { SshTarget } from "../../lib/ssh.ts";

/** The system's OpenSSH server on loopback, with an /etc of its own in which the users `ops` and `stale` exist. */
export interface Sshd extends AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly fingerprint: string;
  /** `ops` with its password; `change` replaces parts. */
  readonly target: (change?: Partial<SshTarget>) => SshTarget;
  /** Ends every session, as a reboot of the machine would. */
  readonly cut: () => void;
  readonly stop: () => Promise<void>;
}

/** Why the server cannot run here, for `skip`; private accounts need root and a mount namespace. */
export const unable: string | false = (() => {
  try {
    if (process.getuid?.() !== 0) return "needs root";
    execFileSync("unshare", ["-m", "/usr/sbin/sshd", "-V"], { stdio: "ignore" });
    return false;
  } catch (error) {
    return `needs sshd and unshare: ${String(error)}`;
  }
})();

export const password = "a-password-of-ops";
export const stalePassword = "given-once-at-birth";

/** Starts a server; `lines` are added to its configuration. */
export async function sshd(lines: readonly string[] = []): Promise<Sshd> {
  const folder = mkdtempSync(path.join(tmpdir(), "tpi-sshd-"));
  chmodSync(folder, 0o755);
  const etc = path.join(folder, "etc");
  cpSync("/etc", etc, { recursive: true, verbatimSymlinks: true });
  const home = path.join(folder, "home");
  mkdirSync(home);
  chmodSync(home, 0o777);
  addUsers(etc, home);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path.join(folder, "host")]);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path.join(folder, "id")]);
  const port = await freePort();
  const config = path.join(folder, "sshd_config");
  writeFileSync(
    config,
    [
      ...lines,
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${folder}/host`,
      "UsePAM no",
      "StrictModes no",
      "PermitRootLogin yes",
      `AuthorizedKeysFile ${folder}/id.pub`,
      "PidFile none",
      "Subsystem sftp internal-sftp",
      "",
    ].join("\n"),
  );
  mkdirSync("/run/sshd", { recursive: true });
  const script = `mount --bind ${etc} /etc && exec /usr/sbin/sshd -D -e -f ${config}`;
  const child = spawn("unshare", ["-m", "sh", "-c", script], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  while (!said.includes("listening")) {
    if (child.exitCode !== null) throw new Error(`sshd ended: ${said}`);
    await Promise.race([once(child.stderr, "data"), once(child, "exit")]);
  }
  const fingerprint = execFileSync("ssh-keygen", ["-lf", `${folder}/host.pub`], { encoding: "utf8" });
  const cut = () => {
    spawnSync("kill", ["-KILL", ...sessions(child.pid ?? 0).map(String)]);
  };
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    cut();
    child.kill();
    await gone;
    child.stderr.destroy();
  };
  const print = fingerprint.split(" ")[1] ?? "";
  return {
    folder,
    port,
    fingerprint: print,
    target: (change) => ({
      name: "node1",
      host: "127.0.0.1",
      port,
      user: "ops",
      ...(change?.keys ? {} : { password: new Secret(password) }),
      hostKey: { kind: "pinned", fingerprint: print },
      ...change,
    }),
    cut,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function addUsers(etc: string, home: string): void {
  const encrypt = (text: string) =>
    execFileSync("openssl", ["passwd", "-6", text], { encoding: "utf8" }).trim();
  const today = Math.floor(Date.now() / 86_400_000);
  const user = (name: string, uid: number) => `${name}:x:${uid}:100::${home}:/bin/bash\n`;
  const users = user("ops", 61001) + user("stale", 61002);
  writeFileSync(`${etc}/passwd`, readFileSync(`${etc}/passwd`, "utf8") + users);
  const shadow = `ops:${encrypt(password)}:${today}:0:99999:7:::\nstale:${encrypt(stalePassword)}:0:0:99999:7:::\n`;
  writeFileSync(`${etc}/shadow`, readFileSync(`${etc}/shadow`, "utf8") + shadow);
}

function sessions(parent: number): readonly number[] {
  const found = execFileSync("ps", ["-o", "pid=,ppid=", "-e"], { encoding: "utf8" }).trim().split("\n");
  const pairs = found.map((line) => line.trim().split(/\s+/).map(Number));
  const below = (above: number): readonly number[] =>
    pairs.flatMap(([pid, its]) => (pid !== undefined && its === above ? [pid, ...below(pid)] : []));
  return below(parent);
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
