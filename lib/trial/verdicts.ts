import { stripVTControlCharacters } from "node:util";
import { firstBootLines } from "../os.ts";

/** One thing that was asked of the booted system. */
export interface Verdict {
  readonly what: string;
  readonly fine: boolean;
  /** What was found instead, or as it should be. */
  readonly found: string;
  /** Where it is not fine: what should be, and what is, as a sentence. */
  readonly wrong: string;
}

/** What a booted system said when it was asked; texts as its commands print them. */
export interface Answers {
  readonly hostname: string;
  /** `ip -o addr show scope global`. */
  readonly addresses: string;
  /** `cloud-init status --long`, or nothing where there is none. */
  readonly cloudInit: string;
  /** `systemctl is-active`, for each unit. */
  readonly units: readonly { readonly name: string; readonly state: string }[];
  /** `systemctl list-units --state=failed --no-legend --plain`. */
  readonly failed: string;
}

/** What a booted system should say. */
export interface Wanted {
  readonly hostname: string;
  /** Without its prefix. */
  readonly address: string;
}

/** Judges the answers of one boot; `when` stands in front of each sentence. */
export function verdicts(
  answers: Answers,
  of: { readonly wanted: Wanted; readonly when: string },
): readonly Verdict[] {
  const { wanted, when } = of;
  const { hostname, addresses, cloudInit, units, failed } = answers;
  const said = (what: string, wanted: string, [found, fine]: readonly [string, boolean]): Verdict => ({
    what: `${when}: ${what} is ${wanted}`,
    fine,
    found,
    wrong: `${when}: ${what} should be ${wanted}, and is ${found}`,
  });
  const own = [...addresses.matchAll(/\binet6? ([^\s/]+)/g)].map(([, one = ""]) => one);
  const status = /^status:\s*(.+)$/m.exec(cloudInit)?.[1]?.trim();
  const broken = failed.split("\n").flatMap((line) => line.trim().split(/\s+/)[0] || []);
  return [
    said("the host name", wanted.hostname, [hostname, hostname === wanted.hostname]),
    said("the address", wanted.address, [own.join(" ") || "none", own.includes(wanted.address)]),
    ...(status === undefined
      ? []
      : [said("cloud-init", "done", [trouble(cloudInit, status), status === "done"])]),
    ...units.map(({ name, state }) => said(name, "active", [state, state === "active"])),
    said("the list of failed units", "empty", [broken.join(" ") || "empty", broken.length === 0]),
  ];
}

function trouble(text: string, status: string): string {
  const errors = /^errors:\s*(\S[\s\S]*?)(?=^\w+:|$(?![\s\S]))/m.exec(text)?.[1]?.trim();
  return status === "done" || !errors ? status : `${status}: ${errors.slice(0, 200)}`;
}

/** The verdict on the first boot's work, by the line that it leaves on the serial console. */
export function firstBootVerdict(line: string): Verdict {
  const failed = line.split(`${firstBootLines.failed} `)[1]?.trim();
  return {
    what: "first boot: its commands are done",
    fine: failed === undefined,
    found: failed ? `failed at ${failed}` : "done",
    wrong: `first boot: its commands should be done, and it failed at ${failed ?? "nothing"}`,
  };
}

/** The last lines that a console has shown, without the marks for colour and place. */
export const lastLines = (text: string): string =>
  stripVTControlCharacters(text)
    .split(/[\r\n]+/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .slice(-8)
    .join("\n");
