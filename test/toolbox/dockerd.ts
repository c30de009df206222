import { spawn } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import Docker from "dockerode";
import { toolPath } from "../../lib/core/tool.ts";

/** Why no Docker engine can be started here, for `skip`; false where one can. */
export async function noDocker(): Promise<string | false> {
  if (process.platform !== "linux") return "a Docker engine of our own needs Linux";
  if (process.getuid?.() !== 0) return "a Docker engine of our own needs root";
  for (const name of ["dockerd", "containerd", "runc", "mmdebstrap"])
    if ((await toolPath(name)) === undefined)
      return `${name} is not installed: apt-get install docker.io mmdebstrap`;
  return false;
}

/** A Docker engine of the tests' own, without a network of its own; stopped, with all it has, when its lease ends. */
export interface Dockerd extends AsyncDisposable {
  /** For `DOCKER_HOST`. */
  readonly host: string;
  readonly client: Docker;
}

/** Starts `dockerd` in a temp folder and waits until it answers. */
export async function dockerd(): Promise<Dockerd> {
  const folder = await mkdtemp(path.join(tmpdir(), "tpi-dockerd-"));
  const socket = path.join(folder, "sock");
  const words = [
    ...["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none"],
    `--data-root=${folder}/data`,
    `--exec-root=${folder}/exec`,
    `--pidfile=${folder}/pid`,
    `--host=unix://${socket}`,
  ];
  const log = await open(path.join(folder, "log"), "w");
  const program = (await toolPath("dockerd")) ?? "dockerd";
  const child = spawn(program, words, { detached: true, stdio: ["ignore", log.fd, log.fd] });
  let over: string | undefined;
  const ended = new Promise<void>((resolve) =>
    child.once("close", (code, signal) => {
      over = `${signal ?? code}`;
      resolve();
    }),
  );
  const end = async () => {
    child.kill("SIGTERM");
    await ended;
    await log.close();
    await rm(folder, { recursive: true, force: true });
  };
  const client = new Docker({ socketPath: socket });
  while (!(await client.ping().then(Boolean, () => false))) {
    if (over !== undefined) throw new Error(`dockerd ended (${over}); its log is in ${folder}`);
    await pause(100);
  }
  return { host: `unix://${socket}`, client, [Symbol.asyncDispose]: end };
}
