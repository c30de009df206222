import { type Bmc, bmc } from "./bmc.ts";
import { boardSeed, boardState } from "./board/seed.ts";
import { type BmcCache, type BmcCacheOptions, bases, bmcCache, localCache } from "./cache.ts";
import { type Config, type ConfigInput, config, type NodeConfig, type Slot } from "./config.ts";
import { TpiError } from "./core/fault.ts";
import { journal } from "./journal.ts";
import { computeModule } from "./module.ts";
import { type Node, nodeOn } from "./node.ts";
import { hostKeyOf, type Nic } from "./os.ts";

export { boardState } from "./board/seed.ts";

/** A Turing Pi board and what stands in its slots, as its configuration says. Making one asks nobody anything. */
export interface Board {
  readonly bmc: Bmc;
  /** The configured nodes, in the order of their slots. */
  readonly nodes: readonly Node[];
  /** One node; `NODE_UNKNOWN` for a slot that the configuration does not name. */
  node(slot: Slot): Node;
  /** The base image that the configuration names; `CONFIG_LACKS` without one. */
  readonly image: string;
  /** Who the kit logs in to the nodes as: give this user to the image. */
  readonly login: Login;
}

export interface Login {
  readonly user: string;
  /** Lines as in authorized_keys, or files that hold them. */
  readonly publicKey: readonly string[];
}

/** The board of tpi.yaml, of the `TPI_*` variables, or of a configuration in code (faults: `CONFIG_…`). */
export function board(input?: ConfigInput): Board {
  const settings = config(input);
  const state = boardState(settings.board);
  const controller = bmc({ ...settings.board, state });
  const nodes = settings.nodes.map((node) => nodeOn(controller, nodeSettings({ node, settings, state })));
  const user = settings.nodes.find((node) => node.user)?.user ?? standardUser;
  return {
    bmc: controller,
    nodes,
    node: (slot) => {
      const found = nodes.find((node) => node.slot === slot);
      if (!found)
        throw new TpiError("NODE_UNKNOWN", {
          slot: String(slot),
          known: nodes.map((one) => one.slot).join(", "),
        });
      return found;
    },
    get image() {
      if (!settings.image)
        throw new TpiError("CONFIG_LACKS", { what: "image", say: "image: ./ubuntu.img.xz" });
      return settings.image;
    },
    login: { user, publicKey: settings.keys.authorized },
  };
}

const standardUser = "ops";

function nodeSettings(from: { node: NodeConfig; settings: Config; state: string }) {
  const { node, settings, state } = from;
  const module = computeModule(node.module);
  const { addressing, dns, search, mac } = node;
  const addresses = addressing.kind === "dhcp" ? ("dhcp" as const) : addressing.addresses;
  const gateways = addressing.kind === "dhcp" ? [] : addressing.gateways;
  const nic: Nic = { match: mac ? { mac } : { name: module.nic }, addresses, gateways, dns, search };
  return {
    slot: node.slot,
    name: node.hostname,
    hostname: node.hostname,
    module,
    nics: [nic],
    reach: node.reach,
    user: node.user ?? standardUser,
    key: settings.keys.private,
    hostKey: () => hostKeyOf(boardSeed(state), node.hostname),
    journal: journal(state),
  };
}

/**
 * What is kept under names of your own, on this machine and on the card of a board (the default one where none is named),
 * and what the kit keeps for itself.
 */
export const cache = {
  local: localCache,
  bases,
  onBmc: (of: Pick<Board, "bmc"> = board(), options: BmcCacheOptions = {}): BmcCache =>
    bmcCache(of.bmc.ssh, options),
} as const;

/** One node of the default board. */
export const node = (slot: Slot): Node => board().node(slot);
