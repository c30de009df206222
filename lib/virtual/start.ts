import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { Duplex } from "node:stream";
import { scratch } from "../core/scratch.ts";
import { type Bench, benchFor } from "./bench.ts";
import { bmcd } from "./bmcd/server.ts";
import type { BoardOptions, VirtualBoard } from "./board.ts";
import { certificateIn } from "./certificate.ts";
import { powerOf } from "./life.ts";
import { controllerOf, mediaIn } from "./parts.ts";
import { requests } from "./requests.ts";
import { hostKeyIn } from "./sshd/host-key.ts";
import { sshd } from "./sshd/server.ts";
import { toolbox } from "./sshd/toolbox.ts";

/** Starts a board; it takes down with itself what its modules ran in. */
export async function startBoard(options: BoardOptions): Promise<VirtualBoard> {
  const temporary = options.dir === undefined ? await scratch("board") : undefined;
  const dir = path.resolve(options.dir ?? temporary?.path ?? ".");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  let bench: Bench | undefined;
  const put = async () => {
    await bench?.[Symbol.asyncDispose]();
    await temporary?.[Symbol.asyncDispose]();
  };
  try {
    bench = await benchFor(options, path.join(dir, "machines"));
    return await started({ bench, options, dir, put });
  } catch (error) {
    await put();
    throw error;
  }
}

interface Starting {
  readonly bench: Bench;
  readonly options: BoardOptions;
  readonly dir: string;
  /** Gives back what the board stands on, after it has ended. */
  readonly put: () => Promise<void>;
}

async function started({ bench, options, dir, put }: Starting): Promise<VirtualBoard> {
  const host = "127.0.0.1";
  const root = path.join(dir, "root");
  const life = powerOf({
    controller: () => controller,
    bmcd: async () =>
      await bmcd(controller, {
        ...{ host, certificate, httpsPort: ports.https, httpPort: ports.http },
        ...{ exempt: options.exempt ?? false, serial: options.serial ?? true },
      }),
    sshd: async () => await sshd(controller, { host, port: ports.ssh, key, toolbox: tools, roads }),
  });
  const controller = await controllerOf({ bench, options, dir, root, upheaval: life.upheaval });
  const [certificate, key, tools] = await Promise.all([
    certificateIn(root),
    hostKeyIn(path.join(dir, "ssh_host_ed25519_key")),
    toolbox(root),
  ]);
  const roads = {
    connect: bench.connect,
    address: controller.address,
    daemon: (connection: () => Duplex, port: 443 | 80) => {
      const daemon = life.daemon();
      daemon?.inside(connection(), port);
      return daemon !== undefined;
    },
  };
  // Ports once found are kept over restarts of the daemon and the controller.
  const ports = { https: options.ports?.https ?? 0, http: options.ports?.http, ssh: options.ports?.ssh ?? 0 };
  const over = new AbortController();
  ports.ssh = (await life.boot()).port;
  ports.https = life.daemon()?.httpsPort ?? ports.https;
  ports.http = life.daemon()?.httpPort;
  controller.faults.watch(() => {
    const change = controller.faults.armed().daemonDown ? life.stopDaemon() : life.startDaemon();
    change.catch(() => undefined);
  }, over.signal);
  const asked = requests(controller, life);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      over.abort();
      asked.close();
      await life.off();
      await put();
    })();
    return stopped;
  };
  return {
    ...{ host, user: "root", password: controller.password, dir, root, stop },
    ...{ httpsPort: ports.https, httpPort: ports.http, sshPort: ports.ssh },
    ...{ fingerprint: certificate.fingerprint, sshHostKey: key.fingerprint, faults: controller.faults },
    media: (number) => mediaIn(dir, number),
    flashed: (number) => controller.memory.now().flashed[number - 1] ?? undefined,
    slots: () =>
      controller.slots.map((one) => ({ slot: one.slot, module: one.module, powered: one.powered() })),
    [Symbol.asyncDispose]: stop,
  };
}
