import type { Bmc, Uart } from "./bmc.ts";
import type { Step } from "./core/step.ts";
import type { Journal } from "./journal.ts";
import type { ComputeModule } from "./module.ts";
import { type Once, onceOn } from "./node/once.ts";
import { plantedImage } from "./node/planted.ts";
import { powerOf, undriven } from "./node/power.ts";
import { type Ready, readyStep } from "./node/ready.ts";
import type { HostKey, Nic } from "./os.ts";
import { getStep, putStep, type Sh, type Ssh, shell, ssh } from "./ssh.ts";

export type { Ready } from "./node/ready.ts";

/** What a configuration says of a node. */
export interface NodeSettings {
  readonly slot: 1 | 2 | 3 | 4;
  readonly name: string;
  readonly hostname: string;
  readonly module: ComputeModule;
  readonly nics: readonly Nic[];
  readonly reach: "through-bmc" | "directly";
  readonly user: string;
  /** Path of the private key to log in with. */
  readonly key: string;
  readonly hostKey: () => HostKey;
  /** What was done to the nodes of its board. */
  readonly journal: Journal;
}

/** A compute module in a slot of a board. Making one asks nobody anything. */
export interface Node {
  readonly slot: 1 | 2 | 3 | 4;
  /** Its host name. */
  readonly name: string;
  /** `node1` to `node4`: how plans, progress and faults call it. */
  readonly label: string;
  readonly hostname: string;
  readonly module: ComputeModule;
  readonly nics: readonly Nic[];
  /** The SSH host key that its image is given, and that it is checked against. */
  readonly hostKey: HostKey;
  /** Without its prefix; its host name where it takes its address by DHCP. */
  readonly address: string;
  readonly bmc: Bmc;
  /** What was done to it and its neighbours, across runs. */
  readonly journal: Journal;
  /** SSH to it as the configured user, by way of the board unless the configuration says otherwise. */
  readonly ssh: Ssh;
  /** Its serial console, by way of the board. */
  readonly console: Uart;
  /** As `off` and `reset`, refused with `HELD` while another run drives the board. */
  on(): Step<void>;
  /** Cuts the power: the system is not asked. */
  off(): Step<void>;
  /** Off, and on again after a second. */
  reset(): Step<void>;
  power(): Step<"on" | "off" | "unknown">;
  /** Waits until it has booted and lets us in; `NODE_BOOT_FAILED`, `NODE_SILENT`, `SSH_…`. */
  ready(): Step<Ready>;
  /** Runs a command on it as the configured user. */
  readonly sh: Sh;
  /** The same as root, through `sudo -n`. */
  readonly sudo: Sh;
  /**
   * Set-up as root that is done once: `` node.once("docker")`apt-get install -y docker.io` ``. Its digest is planted on
   * the node; with the same words there is nothing to do, with others it is done anew, and on a new system too.
   * `COMMAND_FAILED` leaves no digest; it may then be done a second time, as after a `kill -9`.
   */
  once(name: string): Once;
  /** Writes bytes, or the local file at a path, on the node: whole or not at all. */
  put(from: string | Uint8Array, to: string, words?: { readonly mode?: number }): Step<void>;
  /** Reads a file of the node. */
  get(from: string): Step<Buffer>;
  /** The id of the image that it runs, or undefined where it is off, does not answer, or was not made by the kit. */
  image(signal: AbortSignal): Promise<string | undefined>;
}

/** The node that `settings` describe, on the board of `bmc`. */
export function nodeOn(bmc: Bmc, settings: NodeSettings): Node {
  const { slot, name, hostname, module, nics, user, journal } = settings;
  const address = addressOf(settings);
  const label = `node${slot}`;
  let planted: HostKey | undefined;
  const hostKey = () => {
    planted ??= settings.hostKey();
    return planted;
  };
  const far = (): Ssh =>
    ssh({
      name: label,
      host: address,
      user,
      keys: [settings.key],
      hostKey: { kind: "pinned", fingerprint: hostKey().fingerprint },
      ...(settings.reach === "through-bmc" ? { via: bmc.ssh.target } : {}),
    });
  return {
    slot,
    name,
    label,
    hostname,
    module,
    nics,
    get hostKey() {
      return hostKey();
    },
    address,
    bmc,
    journal,
    get ssh() {
      return far();
    },
    console: bmc.uart(slot),
    on: () => undriven(bmc, bmc.on(slot)),
    off: () => undriven(bmc, bmc.off(slot)),
    reset: () => undriven(bmc, bmc.reset(slot)),
    power: () => powerOf(bmc, slot),
    ready: () =>
      readyStep({ label, slot, address, user, far, bmc, journal, fingerprint: () => hostKey().fingerprint }),
    sh: (pieces, ...parts) => shell({ ssh: far(), subject: label })(pieces, ...parts),
    sudo: (pieces, ...parts) => shell({ ssh: far(), subject: label, sudo: true })(pieces, ...parts),
    once: (name) => onceOn({ label, far, journal, name }),
    put: (from, to, words = {}) => putStep({ far, label, from, to, ...words }),
    get: (from) => getStep({ far, label, from }),
    image: (signal) => plantedImage({ bmc, slot, far, signal }),
  };
}

/** The first static address; where all is DHCP, the host name, which most home routers resolve. */
function addressOf({ nics, hostname }: NodeSettings): string {
  const fixed = nics.flatMap(({ addresses }) => (addresses === "dhcp" ? [] : addresses))[0];
  return fixed?.replace(/\/\d+$/, "") ?? hostname;
}
