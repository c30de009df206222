import { type Step, step } from "./core/step.ts";
import type { Image } from "./image.ts";
import type { Login } from "./trial/stand.ts";
import type { Verdict } from "./trial/verdicts.ts";

export type { Login } from "./trial/stand.ts";
export type { Verdict } from "./trial/verdicts.ts";

/** What is asked of a booted image beyond host name, address, cloud-init and units that failed. */
export interface TrialWords {
  /** Units that must be active after each boot. */
  readonly units?: readonly string[];
  /**
   * A user of the image and its private key, who must be let in. Otherwise a user `trial`, with a key made for this,
   * is added to the image that boots.
   */
  readonly login?: Login;
  /** Boots it once more, to see that the second boot is as clean; on. */
  readonly again?: boolean;
}

/** What a trial saw: every sentence was fine, or there would have been a `TRIAL_FAILED`. */
export interface TrialReport {
  readonly os: string;
  readonly verdicts: readonly Verdict[];
}

/** An image on trial. */
export interface Trial {
  /**
   * Flashes the image to a module of a virtual board of its own, boots it, and asks it over SSH. Nothing is left of the
   * board. `TRIAL_FAILED` lists what is not as it should be; `NODE_BOOT_FAILED` and `NODE_SILENT` where it does not
   * come up. A fixed address outside of a /24, and DHCP, are replaced by an address of the board's network.
   */
  boot(words?: TrialWords): Step<TrialReport>;
}

/** Puts an image on trial before it reaches any real module. */
export const trial = (image: Image): Trial => ({ boot: (words = {}) => booting(image, words) });

function booting(image: Image, words: TrialWords): Step<TrialReport> {
  const { again = true, units = [], login } = words;
  const subject = "trial";
  const move = (kind: string, text: string) => ({ kind, subject, text });
  const asked = ["host name", "address", "cloud-init", "failed units", ...units].join(", ");
  return step<TrialReport>({
    label: `boot ${image.name}`,
    subject,
    moves: [
      move("start", "a virtual board with one module on this machine"),
      move("flash", `${image.toString()} to it`),
      move("boot", `until SSH lets ${login?.user ?? "trial"} in`),
      move("ask", asked),
      ...(again ? [move("reboot", "and ask again")] : []),
    ],
    depends: { image: image.build().digest, units, user: login?.user, again },
    standIn: () => ({ os: "planned", verdicts: [] }),
    perform: async (doing) => {
      const { perform } = await import("./trial/perform.ts");
      return await perform(image, { words: { ...words, again, units }, doing });
    },
  });
}
