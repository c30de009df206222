import { type Complaint, each, type Look, type Rule } from "./look.ts";
import { type ReadScript, readScripts } from "./script-read.ts";
import { ownUnits, programOf, type Unit, valuesOf } from "./unitfile.ts";

const fetchers = /^(apt|apt-get|curl|wget|pip3?|snap|npm|git)$/;

/** How scripts are started, and what of that goes wrong only on the machine. */
export const scriptRuns: Rule = {
  name: "script-runs",
  check: async (look) => {
    const all = await readScripts(look);
    const units = await ownUnits(look.root);
    return [
      ...all.flatMap((script) => withoutNetwork(script, units)),
      ...all.flatMap((script) => unset(script, units)),
      ...all.flatMap((script) => heedless(script, units)),
      ...(await twice(look, { all, units })),
      ...onlyOldProtocol(all),
    ];
  },
};

const startersOf = (path: string, units: readonly Unit[]): readonly Unit[] =>
  units.filter((unit) =>
    valuesOf(unit, "ExecStart").some((line) => programOf(line) === path || line.includes(` ${path}`)),
  );

/** A unit without `After=network-online.target` starts before the network is up. */
function withoutNetwork({ path, said, text }: ReadScript, units: readonly Unit[]): readonly Complaint[] {
  const fetches = said.find(
    ({ name, words }) =>
      fetchers.test(name ?? "") && words.length > 1 && !(name === "git" && words[1] !== "clone"),
  );
  if (
    !fetches ||
    /wait-online|nm-online|--retry|\b(until|while)\b[^\n]*\b(ping|curl|wget|ip route|getent)\b/.test(text)
  )
    return [];
  return startersOf(path, units)
    .filter((unit) => !/network-online\.target/.test(valuesOf(unit, "After").join(" ")))
    .map((unit) => ({
      severity: "warning",
      path: unit.path,
      text: `starts ${path}, which calls ${fetches.name} in line ${fetches.line}, without waiting for the network`,
      hint: "say Wants= and After=network-online.target; .firstBoot(…, { network: true }) waits and tries again",
    }));
}

const given = new Set(
  `HOME USER LOGNAME PATH SHELL PWD OLDPWD TERM LANG LANGUAGE TZ MAIL TMPDIR IFS PS1 PS2 PS4 OPTARG OPTIND UID EUID PPID
  HOSTNAME HOSTTYPE OSTYPE MACHTYPE RANDOM SECONDS LINENO FUNCNAME REPLY PIPESTATUS SUDO_USER SUDO_UID EDITOR DISPLAY
  INVOCATION_ID JOURNAL_STREAM MAINPID NOTIFY_SOCKET WATCHDOG_USEC LISTEN_FDS IFACE MODE METHOD LOGICAL ADDRFAM PHASE`.split(
    /\s+/,
  ),
);

/** A variable that nothing sets is empty, and what depends on it never happens. */
function unset({ path, text, startedBy }: ReadScript, units: readonly Unit[]): readonly Complaint[] {
  const starters = startersOf(path, units);
  const outside = starters.some(
    (unit) => [...valuesOf(unit, "EnvironmentFile"), ...valuesOf(unit, "PassEnvironment")].length > 0,
  );
  if (startedBy !== "unit" && path !== "/etc/rc.local") return [];
  if (outside || /^\s*(\.|source|eval|read|mapfile)\s|<<\s*['"]|getopts/m.test(text)) return [];
  const environment = starters.flatMap((unit) => valuesOf(unit, "Environment")).join(" ");
  const bare = text.replaceAll(/'[^']*'|(?<!\S)#.*/g, "");
  const names = new Set(
    [...bare.matchAll(/\$\{?([A-Z][A-Z0-9_]{2,})\}?(?!:?[-+=?])/g)].map(([, name = ""]) => name),
  );
  const lost = [...names].filter(
    (name) =>
      !given.has(name) &&
      !name.startsWith("BASH") &&
      !name.startsWith("LC_") &&
      !new RegExp(`\\b${name}(\\+?=|\\[)|\\bfor\\s+${name}\\b|\\$\\{${name}:?[-+=?]`).test(
        `${text}\n${environment}`,
      ),
  );
  return lost.map((name) => ({
    severity: "warning",
    path,
    text: `uses $${name}, which neither it nor its unit sets`,
    hint: `set it, say \${${name}:-…}, or give it by Environment= in the unit`,
  }));
}

/** A script of many steps that goes on after one that failed, started once: its end says nothing of its success. */
function heedless({ path, said, text }: ReadScript, units: readonly Unit[]): readonly Complaint[] {
  const once = startersOf(path, units).some((unit) => valuesOf(unit, "Type").at(-1) === "oneshot");
  if (!once || said.length < 4 || /^#!.*\s-\w*e|\bset\s+-\w*e|errexit|\|\|\s*(exit|return)/m.test(text))
    return [];
  const what = "goes on after a step that fails, and then says that it is done";
  return [
    {
      severity: "note",
      path,
      text: what,
      hint: "say set -e; .firstBoot() tries each step until it succeeds",
    },
  ];
}

/** What a unit starts and rc.local starts too runs twice, at the same time. */
async function twice(
  { root }: Look,
  of: { readonly all: readonly ReadScript[]; readonly units: readonly Unit[] },
): Promise<readonly Complaint[]> {
  const local = of.all.find(({ path }) => path === "/etc/rc.local");
  if (!local) return [];
  const called = [
    ...new Set(local.said.flatMap(({ words }) => words.slice(0, 2).flatMap((word) => word ?? []))),
  ];
  return each(called, async (path) => {
    const [unit] = startersOf(path, of.units);
    if (!unit || !(await root.entry(path))) return [];
    const text = `starts ${path}, and ${unit.name} starts it too: it may run twice at once`;
    return [{ severity: "warning", path: "/etc/rc.local", text, hint: "leave it to the unit" }];
  });
}

/** Rules of iptables say nothing of IPv6, which stays open. */
function onlyOldProtocol(all: readonly ReadScript[]): readonly Complaint[] {
  const names = all.flatMap(({ said }) => said.map(({ name }) => name?.split("/").at(-1)));
  if (names.some((name) => /^(ip6tables|nft|ufw|firewall-cmd)/.test(name ?? ""))) return [];
  const closing = all.find(({ said }) =>
    said.some(
      ({ name, words }) => /(^|\/)iptables$/.test(name ?? "") && /\b(DROP|REJECT)\b/.test(words.join(" ")),
    ),
  );
  if (!closing) return [];
  const text = "closes IPv4 by iptables and says nothing of IPv6, which stays open";
  return [
    {
      severity: "warning",
      path: closing.path,
      text,
      hint: "say the same by ip6tables, or use nftables' inet family",
    },
  ];
}
