import { type Complaint, type Files, type Rule, within } from "./look.ts";
import { sshdLists, sshdSwitches, sshdWords } from "./sshd-words.ts";

/** One setting of the SSH server, in the order in which sshd reads it: of two, the first counts. */
export interface Setting {
  readonly path: string;
  readonly line: number;
  /** In lower case. */
  readonly word: string;
  readonly value: string;
  /** Set below a `Match`. */
  readonly conditional: boolean;
}

const main = "/etc/ssh/sshd_config";

/** What `sshd -t` would refuse, what it would silently pass over, and what was wanted and is not so. */
export const sshd: Rule = {
  name: "sshd",
  check: async ({ root, wanted }) => {
    if ((await root.text(main)) === undefined) return [];
    const settings = await settingsIn(root, main);
    const plain = settings.filter(({ conditional }) => !conditional);
    return [
      ...settings.flatMap(unknown),
      ...plain.flatMap((setting) => ignored(setting, plain)),
      ...(await unread(root, settings)),
      ...disappointed(plain, wanted?.ssh),
      ...rootByPassword(plain),
    ];
  },
};

/** The settings that hold for everybody, in the order in which sshd reads them. */
export const sshdSettings = async (root: Files): Promise<readonly Setting[]> =>
  (await settingsIn(root, main)).filter(({ conditional }) => !conditional);

async function settingsIn(root: Files, path: string, depth = 0): Promise<readonly Setting[]> {
  const found: Setting[] = [];
  let conditional = false;
  for (const [at, line] of ((await root.text(path)) ?? "").split("\n").entries()) {
    const [, word = "", value = ""] =
      /^\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line.replace(/\s#.*$/, "")) ?? [];
    if (word === "" || line.trim().startsWith("#")) {
      if (line.trim() !== "" && !line.trim().startsWith("#"))
        found.push({ path, line: at + 1, word: line.trim().toLowerCase(), value: "", conditional });
      continue;
    }
    if (word.toLowerCase() === "match") conditional = value.toLowerCase() !== "all";
    found.push({ path, line: at + 1, word: word.toLowerCase(), value, conditional });
    if (word.toLowerCase() === "include" && depth < 4)
      for (const file of await matching(root, value))
        found.push(...(await settingsIn(root, file, depth + 1)));
  }
  return found;
}

/** The files of an Include: a pattern in the last part of the path, in the order of their names. */
async function matching(root: Files, pattern: string): Promise<readonly string[]> {
  const full = pattern.startsWith("/") ? pattern : `/etc/ssh/${pattern}`;
  const [folder, name] = [full.slice(0, full.lastIndexOf("/")), full.slice(full.lastIndexOf("/") + 1)];
  const source = name
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return (await within(root, folder, new RegExp(`^${source}$`))).toSorted();
}

function unknown({ path, line, word, value }: Setting): readonly Complaint[] {
  const bad = (text: string): readonly Complaint[] => [
    {
      severity: "error",
      path,
      text: `line ${line}: ${text}`,
      hint: "sshd does not start with it; `man sshd_config` has the words",
    },
  ];
  if (!sshdWords.has(word)) return bad(`sshd knows no ${JSON.stringify(word.slice(0, 40))}`);
  if (value === "") return bad(`${word} has no value`);
  if (sshdSwitches.has(word) && !/^"?(yes|no)"?$/i.test(value))
    return bad(`${word} is ${value}, not yes or no`);
  if (word === "port" && !(Number(value) >= 1 && Number(value) <= 65_535))
    return bad(`${value} is not a port`);
  if (
    word === "permitrootlogin" &&
    !/^(yes|no|prohibit-password|without-password|forced-commands-only)$/i.test(value)
  )
    return bad(`${word} knows no ${value}`);
  return [];
}

function ignored(setting: Setting, all: readonly Setting[]): readonly Complaint[] {
  const { path, line, word, value } = setting;
  const first = all.find((one) => one.word === word);
  if (!first || first === setting || sshdLists.has(word) || first.value === value) return [];
  const text = `line ${line}: ${word} ${value} has no effect, for ${first.path} said ${first.value} before`;
  return [
    {
      severity: "warning",
      path,
      text,
      hint: "of two settings the first counts: change that one, or use a file in sshd_config.d whose name comes first",
    },
  ];
}

async function unread(root: Files, settings: readonly Setting[]): Promise<readonly Complaint[]> {
  const files = await within(root, "/etc/ssh/sshd_config.d", /\.conf$/);
  const lost = files.filter((file) => !settings.some(({ path }) => path === file));
  const real = await Promise.all(
    lost.map(async (path) => ((await settingsIn(root, path)).length > 0 ? [path] : [])),
  );
  return real.flat().map((path) => ({
    severity: "error",
    path,
    text: `is not read: ${main} does not include it`,
    hint: "begin sshd_config with `Include /etc/ssh/sshd_config.d/*.conf`",
  }));
}

/** Settings that the description asks for and sshd would not have, such as ones that are only commented in. */
function disappointed(
  settings: readonly Setting[],
  wanted: { port?: number; passwords?: boolean; root?: "no" | "keys" | "yes" } | undefined,
): readonly Complaint[] {
  const pairs = [
    ["port", wanted?.port === undefined ? undefined : [String(wanted.port)], "22"],
    [
      "passwordauthentication",
      wanted?.passwords === undefined ? undefined : [wanted.passwords ? "yes" : "no"],
      "yes",
    ],
    [
      "permitrootlogin",
      wanted?.root &&
        { no: ["no"], yes: ["yes"], keys: ["prohibit-password", "without-password"] }[wanted.root],
      "prohibit-password",
    ],
  ] as const;
  return pairs.flatMap(([word, want, standard]): readonly Complaint[] => {
    const is = settings.find((one) => one.word === word);
    const value = (is?.value ?? standard).toLowerCase();
    if (want === undefined || want.some((one) => one === value)) return [];
    const text = `${word} is ${value}${is ? "" : " (by default: every line that sets it is a comment)"}, and ${want[0]} was asked for`;
    return [
      {
        severity: "error",
        path: is?.path ?? main,
        text,
        hint: "set it in a file of /etc/ssh/sshd_config.d whose name comes first",
      },
    ];
  });
}

function rootByPassword(settings: readonly Setting[]): readonly Complaint[] {
  const is = settings.find(({ word }) => word === "permitrootlogin");
  if (is?.value.toLowerCase() !== "yes") return [];
  return [
    {
      severity: "warning",
      path: is.path,
      text: "lets root log in by password",
      hint: "say prohibit-password, and give root a key",
    },
  ];
}
