/** The texts of the four files that say who there is (passwd(5), shadow(5), group(5), gshadow(5)). */
export interface AccountFiles {
  readonly passwd: string;
  readonly shadow: string;
  readonly group: string;
  readonly gshadow: string;
}

/** A login account to be there afterwards; its password is a crypt(5) hash, and absent where none may open it. */
export interface Login {
  readonly name: string;
  readonly hash?: string;
  readonly shell: string;
  readonly home: string;
  readonly groups: readonly string[];
}

/** A line of passwd that a person may log in by: the numbers and the home that the line gives. */
export interface Entry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** The entries of passwd, in its order. */
export const entriesOf = ({ passwd }: AccountFiles): readonly Entry[] =>
  rows(passwd).flatMap(([name = "", , uid = "", gid = "", , home = ""]) =>
    /^\d+$/.test(uid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [],
  );

/** Debian gives people the numbers from 1000 to 59999 (adduser.conf(5)). */
export const isPerson = ({ uid }: Entry): boolean => uid >= 1000 && uid < 60_000;

/** Makes the account, or changes the one of that name; groups that are missing are made as system groups. */
export function withLogin(files: AccountFiles, login: Login): AccountFiles {
  const made = entriesOf(files).some(({ name }) => name === login.name) ? files : withAccount(files, login);
  const grouped = login.groups.reduce((all, group) => withMember(all, group, login.name), made);
  const passwd = changed(grouped.passwd, login.name, (row) => row.with(5, login.home).with(6, login.shell));
  return withPassword({ ...grouped, passwd }, login.name, login.hash);
}

/** Renames an account, its own group and its memberships; number, group number and password stay. */
export function renamed(files: AccountFiles, from: string, to: string): AccountFiles {
  const name = (row: readonly string[]) => row.with(0, to);
  const member = (list: string) =>
    list
      .split(",")
      .map((one) => (one === from ? to : one))
      .join(",");
  const members = (text: string) =>
    mapped(changed(text, from, name), (row) => row.with(3, member(row[3] ?? "")));
  return {
    passwd: changed(files.passwd, from, name),
    shadow: changed(files.shadow, from, name),
    group: members(files.group),
    gshadow: members(files.gshadow),
  };
}

/**
 * Sets the password to a hash, or to one that no password opens, and forgets an enforced change: an expired account
 * cannot run cron jobs either. Keys go on to work.
 */
export function withPassword(files: AccountFiles, name: string, hash?: string): AccountFiles {
  const row = [name, hash ?? "*", "", "0", "99999", "7", "", "", ""];
  const present = rows(files.shadow).some(([of]) => of === name);
  const set = (old: readonly string[]) =>
    old
      .with(1, hash ?? "*")
      .with(2, "")
      .with(7, "");
  const shadow = present ? changed(files.shadow, name, set) : appended(files.shadow, row);
  return { ...files, passwd: changed(files.passwd, name, (one) => one.with(1, "x")), shadow };
}

/** Closes an account for passwords and keys alike, by an expiry date in the past. */
export function closed(files: AccountFiles, name: string): AccountFiles {
  const locked = withPassword(files, name);
  return { ...locked, shadow: changed(locked.shadow, name, (row) => row.with(7, "1")) };
}

/** Takes an account out of a group; a group that is not there is fine. */
export function withoutMember(files: AccountFiles, group: string, name: string): AccountFiles {
  const out = (row: readonly string[]) =>
    row.with(
      3,
      list(row[3])
        .filter((one) => one !== name)
        .join(","),
    );
  return { ...files, group: changed(files.group, group, out), gshadow: changed(files.gshadow, group, out) };
}

function withAccount(files: AccountFiles, { name, home, shell }: Login): AccountFiles {
  const own = rows(files.group).find(([of]) => of === name)?.[2];
  const uids = entriesOf(files).map((entry) => entry.uid);
  const uid = free([...uids, ...(own === undefined ? gids(files) : [])], 1000, 1);
  const gid = own === undefined ? uid : Number(own);
  const grouped = own === undefined ? withGroup(files, name, gid) : files;
  const row = [name, "x", String(uid), String(gid), "", home, shell];
  return { ...grouped, passwd: appended(grouped.passwd, row) };
}

function withMember(files: AccountFiles, group: string, name: string): AccountFiles {
  const there = rows(files.group).some(([of]) => of === group);
  const made = there ? files : withGroup(files, group, free(gids(files), 999, -1));
  const join = (row: readonly string[]) => row.with(3, [...new Set([...list(row[3]), name])].join(","));
  return { ...made, group: changed(made.group, group, join), gshadow: changed(made.gshadow, group, join) };
}

/** Without a gshadow there is none: grpck takes its absence for a system without group passwords. */
const withGroup = (files: AccountFiles, name: string, gid: number): AccountFiles => ({
  ...files,
  group: appended(files.group, [name, "x", String(gid), ""]),
  gshadow: files.gshadow === "" ? "" : appended(files.gshadow, [name, "!", "", ""]),
});

const gids = ({ group }: AccountFiles): readonly number[] => rows(group).map(([, , gid]) => Number(gid));

function free(taken: readonly number[], from: number, step: number): number {
  let next = from;
  while (taken.includes(next)) next += step;
  return next;
}

const list = (members = ""): readonly string[] => members.split(",").filter((one) => one !== "");

/** The rows that name somebody; comments and NIS lines (`+`, `-`) are passed over. */
const rows = (text: string): readonly (readonly string[])[] =>
  text
    .split("\n")
    .filter((line) => /^[^#+\-:\s]/.test(line))
    .map((line) => line.split(":"));

const mapped = (text: string, change: (row: readonly string[]) => readonly string[]): string =>
  text.replace(/^[^#+\-:\s].*$/gm, (line) => change(line.split(":")).join(":"));

const changed = (text: string, name: string, change: (row: readonly string[]) => readonly string[]): string =>
  mapped(text, (row) => (row[0] === name ? change(row) : row));

const appended = (text: string, row: readonly string[]): string =>
  `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${row.join(":")}\n`;
