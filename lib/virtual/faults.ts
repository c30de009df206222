import { z } from "zod";
import { TpiError } from "../core/fault.ts";
import { nearest } from "../core/nearest.ts";

const bytes = z.number().int().nonnegative();
const slots = z.array(z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]));

/** Everything that can be made to go wrong. What has "next" in its words happens once; the rest lasts until cleared. */
const faultPlan = z
  .strictObject({
    /** The controller's link at this rate, whatever the pace says. */
    linkBytesPerSecond: z.number().positive(),
    /** The next upload's connection is reset after this many bytes of its body. */
    dropUploadAt: bytes,
    /** The next upload is read up to here and then no further; the connection stays open. */
    stallUploadAt: bytes,
    /** The next upload is answered with a 500 at once, its body read to the end or the connection closed. */
    earlyError: z.enum(["drain", "close"]),
    /** An upload whose client goes away is taken for a complete one. */
    truncatedDone: z.boolean(),
    /** The next upload comes too late for the 10 s timer. */
    sendTimeout: z.boolean(),
    /** The daemon is gone and stays gone until this is cleared; it then starts anew. */
    daemonDown: z.boolean(),
    /** The daemon crashes when the next flash has written this many bytes; then `daemonDown` is set. */
    crashAt: bytes,
    /** The controller reboots when the next flash has written this many bytes. */
    rebootAt: bytes,
    /** What the USB scan meets instead of the module. */
    module: z.enum(["missing", "unsupported", "several", "unloadable"]),
    /** The slot that a flash really writes to, as on a hub with another module in boot mode. */
    landsOn: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
    /** The next flash stays `Transferring` at 0 bytes for good. */
    stuck: z.boolean(),
    /** The next read-back finds a wrong byte. */
    crcMismatch: z.boolean(),
    /** The next sha256 comes out wrong. */
    shaMismatch: z.boolean(),
    /** How much memory the controller has for xz; 50 MiB without this. */
    xzMemoryBytes: bytes,
    /** A flash that fails while it writes leaves the node on and the USB at the controller. */
    halfCleanup: z.boolean(),
    /** No card, or one without room. */
    sdcard: z.enum(["full", "missing"]),
    /** The card is formatted so that no file on it can have 4 GiB. */
    sdcardFormat: z.literal("fat32"),
    /** Programs that the controller does not have. */
    lacks: z.array(z.string().regex(/^[a-z0-9]+$/)),
    /** `lies`: switching is answered with ok and stored, and does nothing. `unknown`: the state reads `Unknown`. */
    power: z.enum(["lies", "unknown"]),
    /** Modules in these slots get power and never run. */
    deadSlots: slots,
    /** Modules in these slots run and never print. */
    muteSlots: slots,
    /** The UART workers have ended. */
    uartStopped: z.boolean(),
    /** All tokens given out are expired at their next use. */
    expireTokens: z.boolean(),
    /** Every client is banned. */
    banned: z.boolean(),
    /** That many of the next status polls are answered with 401. */
    unauthorizedPolls: z.number().int().positive(),
    /** The SSH connection is reset when it has next received this many bytes in a channel. */
    sshResetAt: bytes,
    /** The next SFTP file fails after this many bytes, which are stored. */
    sftpShortWriteAt: bytes,
    /** The next SFTP file loses what is written behind this many bytes, and says that all went well. */
    sftpLosesAt: bytes,
  })
  .partial();

/** Faults by name; see the file for what each does. */
export type FaultPlan = z.infer<typeof faultPlan>;
export type FaultName = keyof FaultPlan;

/** A change to what is armed: a value arms, `null` clears. */
export type FaultPatch = { readonly [Name in FaultName]?: FaultPlan[Name] | null };

/** The faults of one board; changes count at once, also for work that is under way. */
export interface Faults {
  /** What is armed now. */
  armed(): FaultPlan;
  /** Arms and clears; `FAULT_UNKNOWN` for a name or value that does not exist, with nothing changed. */
  set(patch: FaultPatch): void;
  clear(): void;
  /** Takes a fault that happens once. */
  take<Name extends FaultName>(name: Name): FaultPlan[Name];
  /** Calls back after every change, until the signal is aborted. */
  watch(changed: () => void, signal: AbortSignal): void;
}

/** No faults. */
export function faults(): Faults {
  let plan: FaultPlan = {};
  const watchers = new Set<() => void>();
  const become = (next: FaultPlan) => {
    plan = next;
    for (const changed of watchers) changed();
  };
  return {
    armed: () => plan,
    set: (patch) => {
      const kept = { ...plan, ...patch };
      become(faultsFrom(Object.fromEntries(Object.entries(kept).filter(([, value]) => value != null))));
    },
    clear: () => become({}),
    take: (name) => {
      const { [name]: taken, ...rest } = plan;
      if (taken !== undefined) become(rest);
      return taken;
    },
    watch: (changed, signal) => {
      watchers.add(changed);
      signal.addEventListener("abort", () => watchers.delete(changed), { once: true });
    },
  };
}

function faultsFrom(value: unknown): FaultPlan {
  const parsed = faultPlan.safeParse(value);
  if (!parsed.success) throw new TpiError("FAULT_UNKNOWN", { why: parsed.error.issues.map(told).join("; ") });
  return parsed.data;
}

function told(issue: z.core.$ZodIssue): string {
  if (issue.code !== "unrecognized_keys") return `${issue.path.join(".")}: ${issue.message}`;
  const known = Object.keys(faultPlan.shape);
  const spelled = issue.keys.map((key) => ({ key, near: nearest(key, known) }));
  return spelled.map(({ key, near }) => `${key}${near ? `; nearest is ${near}` : ""}`).join("; ");
}
