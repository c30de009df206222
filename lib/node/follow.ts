import { TpiError } from "../core/fault.ts";
import type { Meter } from "../core/progress.ts";
import type { Scope } from "../core/scope.ts";
import { bootSign, withoutColour } from "./bootwatch.ts";
import type { Awaited } from "./ready.ts";

/** A boot that is being watched on the module's serial console. */
export interface Followed {
  /** The last stage seen, in words. */
  stage(): string;
  /** Never resolves; rejects with `NODE_BOOT_FAILED` when the console says that the boot has come to an end. */
  readonly failed: Promise<never>;
}

/** How long a failure that stood on the console before we came must stay its last word to be believed. */
const grace = 20_000;

/** Reads the console until the signal ends; stages are told as they come. */
export function followBoot(
  who: Awaited,
  at: { readonly scope: Scope; readonly signal: AbortSignal; readonly meter: Meter },
): Followed {
  let stage = "nothing yet";
  let old: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_, reject) => {
    const trouble = (what: string, line: string) =>
      reject(new TpiError("NODE_BOOT_FAILED", { node: who.label, what, line: withoutColour(line).trim() }));
    const heed = (line: string, fresh: boolean) => {
      const sign = bootSign(line);
      clearTimeout(old);
      if (sign?.kind === "trouble" && fresh) trouble(sign.what, line);
      if (sign?.kind === "trouble" && !fresh) old = setTimeout(() => trouble(sign.what, line), grace);
      if (sign?.kind !== "stage" || sign.stage === stage) return;
      stage = sign.stage;
      if (!fresh) return;
      at.scope.say(`console: ${stage}`);
      at.meter.note(stage);
    };
    // The console is a help, not a condition: a board that cannot show it does not keep SSH from answering.
    read(who, { signal: at.signal, heed }).catch((error: unknown) => {
      if (!at.signal.aborted) at.scope.say(`its console cannot be read: ${String(error)}`);
    });
  });
  at.signal.addEventListener("abort", () => clearTimeout(old), { once: true });
  return { stage: () => stage, failed };
}

async function read(
  who: Awaited,
  to: { readonly signal: AbortSignal; readonly heed: (line: string, fresh: boolean) => void },
): Promise<void> {
  let line = "";
  let fresh = false;
  for await (const text of who.bmc.uart(who.slot).output(to.signal)) {
    const lines = (line + text).split("\n");
    line = lines.pop() ?? "";
    for (const whole of lines) to.heed(whole, fresh);
    if (line !== "") to.heed(line, fresh); // prompts have no line ending
    fresh = true;
  }
}
