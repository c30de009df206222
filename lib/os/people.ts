import type { Edit } from "./edit.ts";
import type { Identity, User } from "./identity.ts";
import {
  type AccountFiles,
  closed,
  type Entry,
  entriesOf,
  isPerson,
  renamed,
  withLogin,
  withoutMember,
  withPassword,
} from "./passwd.ts";
import { hashed } from "./passwords.ts";
import type { Place, Present } from "./renderer.ts";
import { rewritten, rootFile, unfit } from "./rootfile.ts";

/** What the image does with the person that it came with: hands the account on, or has it closed. */
export interface PeopleWords {
  readonly firstUser: "renamed" | "closed";
}

const paths = {
  passwd: "/etc/passwd",
  shadow: "/etc/shadow",
  group: "/etc/group",
  gshadow: "/etc/gshadow",
} as const;
const ids = ["/etc/subuid", "/etc/subgid"];
const skeleton = [".bashrc", ".profile", ".bash_logout"];
const sudoers = "/etc/sudoers.d/90-tpi-users";

/** What {@link peopleEdits} depends on. */
export const peopleReads: readonly Place[] = [
  ...Object.values(paths),
  ...ids,
  ...skeleton.map((name) => `/etc/skel/${name}`),
].map((path) => ({ path }));

/**
 * Users, root, and what lets them in, as edits of the account files themselves: nothing is left for the first boot to
 * do, so keys and homes belong to the numbers that the image gives them. Where users are described, everybody whom the
 * image came with is renamed or closed, and root is locked unless the identity says otherwise.
 */
export function peopleEdits(identity: Identity, present: Present, words: PeopleWords): readonly Edit[] {
  const { users, root } = identity;
  if (users.length === 0 && !root) return [];
  const before = filesOf(present);
  if (entriesOf(before).length === 0) throw unfit(present.facts, "users", "the image has no /etc/passwd");
  const heir = users[0];
  const first = entriesOf(before).find(({ uid }) => uid === 1000);
  const old = words.firstUser === "renamed" && heir && first && mayInherit(before, users) ? first : undefined;
  const after = withPeople(old && heir ? renamed(before, old.name, heir.name) : before, identity);
  const entries = new Map(entriesOf(after).map((entry) => [entry.name, entry]));
  return [
    ...fileEdits(before, after),
    ...(old && heir ? inherited(old, heir, present) : []),
    ...users.flatMap((user) => homeEdits(user, entries.get(user.name), present)),
    ...(users.length > 0 ? [sudoersFile(users)] : []),
    ...rootKeys(identity),
  ];
}

/** An account that the identity names is that person's own, and a group of the heir's name is somebody else's. */
const mayInherit = (files: AccountFiles, users: readonly User[]): boolean =>
  !entriesOf(files).some((entry) => isPerson(entry) && users.some(({ name }) => name === entry.name)) &&
  !new RegExp(`^${users[0]?.name}:`, "m").test(files.group);

function withPeople(files: AccountFiles, { users, root }: Identity): AccountFiles {
  const made = users.reduce((all, user) => withLogin(all, loginOf(user)), files);
  const plain = users.filter(({ sudo, groups }) => sudo === "none" && !groups.includes("sudo"));
  const tamed = plain.reduce((all, { name }) => withoutMember(all, "sudo", name), made);
  const strangers = users.length === 0 ? [] : entriesOf(tamed).filter(isPerson);
  const alone = strangers
    .filter((entry) => !users.some(({ name }) => name === entry.name))
    .reduce((all, { name }) => closed(all, name), tamed);
  return withPassword(alone, "root", root?.password && hashed("root", root.password));
}

const loginOf = (user: User) => ({
  name: user.name,
  shell: user.shell,
  home: homeOf(user),
  groups: user.groups,
  ...(user.password ? { hash: hashed(user.name, user.password) } : {}),
});

const homeOf = ({ name }: User): string => (name === "root" ? "/root" : `/home/${name}`);

const filesOf = ({ text }: Present): AccountFiles => ({
  passwd: text(paths.passwd),
  shadow: text(paths.shadow),
  group: text(paths.group),
  gshadow: text(paths.gshadow),
});

/** Modes and owners of the four files stay: shadow is not for all to read. */
function fileEdits(before: AccountFiles, after: AccountFiles): readonly Edit[] {
  const names = ["passwd", "shadow", "group", "gshadow"] as const;
  return names.flatMap((name) => (before[name] === after[name] ? [] : [rewritten(paths[name], after[name])]));
}

/** The old home goes with the old name: nobody has lived in it, and the new one gets the same skeleton. */
function inherited(old: Entry, heir: User, { text }: Present): readonly Edit[] {
  const owned = (line: string) => line.startsWith(`${old.name}:`);
  const passed = (line: string) => (owned(line) ? heir.name + line.slice(old.name.length) : line);
  const numbers = ids.filter((path) => text(path).split("\n").some(owned));
  return [
    ...numbers.map((path) => rewritten(path, text(path).split("\n").map(passed).join("\n"))),
    ...(old.home === homeOf(heir) || !old.home.startsWith("/home/")
      ? []
      : [{ kind: "remove" as const, path: old.home, recursive: true, ifPresent: true }]),
  ];
}

function homeEdits(user: User, entry: Entry | undefined, { text, facts }: Present): readonly Edit[] {
  if (!entry) throw unfit(facts, `the user ${user.name}`, "its account could not be made");
  const home = homeOf(user);
  const dress = { owner: { uid: entry.uid, gid: entry.gid } };
  const dotfiles = skeleton.filter((name) => text(`/etc/skel/${name}`) !== "");
  return [
    { kind: "mkdir", path: home, mode: 0o700, ...dress },
    ...dotfiles.map((name) => ({ ...rootFile(`${home}/${name}`, text(`/etc/skel/${name}`)), ...dress })),
    ...keyEdits(home, user.keys, dress),
  ];
}

function keyEdits(home: string, keys: readonly string[], dress: { owner: { uid: number; gid: number } }) {
  if (keys.length === 0) return [];
  const lines = keys.map((key) => `${key}\n`).join("");
  return [
    { kind: "mkdir" as const, path: `${home}/.ssh`, mode: 0o700, ...dress },
    { ...rootFile(`${home}/.ssh/authorized_keys`, lines, 0o600), ...dress },
  ];
}

const rootKeys = ({ root }: Identity): readonly Edit[] =>
  keyEdits("/root", root?.keys ?? [], { owner: { uid: 0, gid: 0 } });

/** One file for all, whatever the image had for its own first user being gone; sudo reads only files of mode 0440. */
function sudoersFile(users: readonly User[]): Edit {
  const lines = users
    .filter(({ sudo }) => sudo !== "none")
    .map(({ name, sudo }) => `${name} ALL=(ALL:ALL) ${sudo === "nopasswd" ? "NOPASSWD:" : ""}ALL\n`);
  return rootFile(sudoers, lines.join(""), 0o440);
}
