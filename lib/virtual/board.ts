import type { ModuleKind } from "../module.ts";
import type { Faults } from "./faults.ts";
import type { Connect, SlotNumber, StartMachine } from "./machine-slot.ts";
import type { PaceWish } from "./pace.ts";
import type { Hardware, ProfileName } from "./profiles.ts";

/** What a board is made of; everything has a default. */
export interface BoardOptions {
  /** Where media, memory, keys and the controller's files live; without it a temporary folder, gone at the end. */
  readonly dir?: string;
  /** What is in the slots, the first first; a number is that many RK1. Four RK1 by default. */
  readonly modules?: readonly (ModuleKind | undefined)[] | number;
  readonly profile?: ProfileName;
  readonly hardware?: Hardware;
  /** 0, the default, is any free port; plain HTTP is served only where it has a port. */
  readonly ports?: { readonly https?: number; readonly http?: number; readonly ssh?: number };
  /** Of root, for the API and SSH; `turing` as on a new board. */
  readonly password?: string;
  /** `fast`, `real`, or changes to `fast`. */
  readonly pace?: PaceWish;
  readonly network?: { readonly subnet: string; readonly gateway: string };
  /** Size of each module's eMMC: 8 GB, sparse. */
  readonly emmcBytes?: number;
  /** Size of the controller's card: 8 GB. */
  readonly sdcardBytes?: number;
  /** What modules run in, instead of what this machine offers; `none` boots nothing. */
  readonly machines?: StartMachine | "none";
  /** The way into the nodes' network, where `machines` is given too. */
  readonly connect?: Connect;
  /** Whether loopback peers need no login, as on the real controller; off, as every peer of this board is one. */
  readonly exempt?: boolean;
  /** Whether the daemon serves one request at a time, as the real one does; on. */
  readonly serial?: boolean;
  /** Milliseconds since 1970, for tokens and bans. */
  readonly clock?: () => number;
}

/** One slot, for a reader. */
export interface SlotState {
  readonly slot: SlotNumber;
  readonly module: ModuleKind | undefined;
  readonly powered: boolean;
}

/** A running board; disposing it, or `stop`, leaves nothing of it but `dir` where that was given. */
export interface VirtualBoard extends AsyncDisposable {
  readonly host: "127.0.0.1";
  readonly httpsPort: number;
  readonly httpPort: number | undefined;
  readonly sshPort: number;
  readonly user: "root";
  readonly password: string;
  /** sha256 of the certificate, as node's `X509Certificate.fingerprint256` spells it. */
  readonly fingerprint: string;
  /** As OpenSSH spells it: `SHA256:…`. */
  readonly sshHostKey: string;
  readonly dir: string;
  /** The folder that is the controller's `/`. */
  readonly root: string;
  readonly faults: Faults;
  /** The eMMC of a slot, as a sparse raw file. */
  media(slot: SlotNumber): string;
  /** What was last flashed onto a slot from end to end: how many bytes, and the sha256 of them, decoded. */
  flashed(slot: SlotNumber): { readonly bytes: number; readonly sha256: string } | undefined;
  slots(): readonly SlotState[];
  stop(): Promise<void>;
}
