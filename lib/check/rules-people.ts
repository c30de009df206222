import type { Entry } from "../disk.ts";
import { accounts, expectedNames, rows } from "./accounts.ts";
import { type Complaint, each, type Rule, within } from "./look.ts";

/** sshd passes over keys that others may write, or that their user cannot read. */
export const keyOwners: Rule = {
  name: "ssh-keys",
  check: async (look) =>
    each(await accounts(look), async ({ name, uid, home }) => {
      const keys = `${home}/.ssh/authorized_keys`;
      const own = await look.root.entry(keys);
      if (!own) return [];
      const places = [home, `${home}/.ssh`, keys];
      const found = await each(places, async (path) => {
        const entry = await look.root.entry(path);
        if (!entry) return [];
        const hint =
          "write it with its owner: .write(path, text, { owner, mode }), or let .user() write the keys";
        const bad = (text: string): Complaint => ({ severity: "error", path, text, hint });
        return [
          ...(entry.uid !== uid && !reachable(entry)
            ? [bad(`belongs to the uid ${entry.uid}, and ${name} is ${uid}: sshd does not take the key`)]
            : []),
          ...((entry.mode & 0o022) !== 0
            ? [bad(`may be written by others (mode ${entry.mode.toString(8)}): sshd does not take the key`)]
            : []),
        ];
      });
      return [...found, ...malformed(keys, (await look.root.text(keys)) ?? "")];
    }),
};

/** Root may own what a user must only reach: sshd reads the keys with the rights of the user. */
const reachable = ({ kind, mode, uid }: Entry): boolean =>
  uid === 0 && (mode & (kind === "folder" ? 0o001 : 0o004)) !== 0;

function malformed(path: string, text: string): readonly Complaint[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const bad = lines.find((line) => !/(^|\s)(ssh-|ecdsa-|sk-)[\w@.-]+ [A-Za-z0-9+/=]{40,}(\s|$)/.test(line));
  if (bad === undefined) return [];
  const what = /PRIVATE KEY/.test(bad) ? "a private key" : JSON.stringify(bad.slice(0, 30));
  return [
    {
      severity: "error",
      path,
      text: `has ${what} where a public key should stand`,
      hint: "put the line of the .pub file there",
    },
  ];
}

/** Names in sudoers that nobody has, and files there that sudo passes over or refuses. */
export const sudoers: Rule = {
  name: "sudoers",
  check: async (look) => {
    const { users, groups } = await expectedNames(look);
    const files = ["/etc/sudoers", ...(await within(look.root, "/etc/sudoers.d", /^(?!README$)/))];
    return each(files, async (path) => {
      const entry = await look.root.entry(path);
      if (entry?.kind !== "file") return [];
      const name = path.split("/").at(-1) ?? "";
      const bad = (severity: Complaint["severity"], text: string, hint: string): Complaint => ({
        severity,
        path,
        text,
        hint,
      });
      const who = [...((await look.root.text(path)) ?? "").matchAll(/^(%?[a-z_][\w-]*)\s+\S+\s*=/gm)].map(
        ([, one = ""]) => one,
      );
      return [
        ...(path.includes(".d/") && /[.~]/.test(name)
          ? [bad("error", "has a dot in its name, so sudo does not read it", "leave out the dot")]
          : []),
        ...((entry.mode & 0o022) !== 0 || entry.uid !== 0
          ? [
              bad(
                "error",
                `is refused by sudo: uid ${entry.uid}, mode ${entry.mode.toString(8)}`,
                "give it to root with the mode 0440",
              ),
            ]
          : []),
        ...who
          .filter((one) => !(one.startsWith("%") ? groups.has(one.slice(1)) : users.has(one)))
          .map((one) =>
            bad("warning", `names ${one}, and nothing makes it`, "add the user or group, or remove the line"),
          ),
      ];
    });
  },
};

/** Accounts that contradict each other, and homes that their users cannot enter. */
export const accountRows: Rule = {
  name: "accounts",
  check: async (look) => {
    const all = await accounts(look);
    const groups = new Set((await rows(look.root, "/etc/group")).map(([, , gid]) => Number(gid)));
    const path = "/etc/passwd";
    return each(all, async ({ name, uid, gid, home }) => {
      const twin = all.find((one) => one.uid === uid && one.name !== name && uid !== 0);
      const entry = await look.root.entry(home);
      const hint = "correct the line, or the folder's owner";
      const bad = (at: string, text: string): Complaint => ({ severity: "warning", path: at, text, hint });
      return [
        ...(twin && twin.name > name
          ? [bad(path, `gives ${name} and ${twin.name} the same uid ${uid}`)]
          : []),
        ...(groups.has(gid) ? [] : [bad(path, `gives ${name} the group ${gid}, which is not in /etc/group`)]),
        ...(uid >= 1000 && uid < 60_000 && entry && entry.uid !== uid
          ? [bad(home, `is the home of ${name} (${uid}) and belongs to the uid ${entry.uid}`)]
          : []),
      ];
    });
  },
};
