import { type Account, accounts, rows, seededUsers } from "./accounts.ts";
import type { Complaint, Files, Look, Rule } from "./look.ts";
import { keyOwners } from "./rules-people.ts";
import { sshdSettings } from "./rules-sshd.ts";

/** Somebody must be able to log in: by a key or a password, now or after the first boot. */
export const wayIn: Rule = {
  name: "login",
  check: async (look) => {
    const people = (await accounts(look)).filter(({ shell }) => !/(nologin|false)$/.test(shell));
    const able: Account[] = [];
    for (const one of people) if (await canEnter(look, one)) able.push(one);
    if (able.some(({ uid }) => uid !== 0) || (await madeLater(look))) return [];
    const path = "/etc/passwd";
    const hint = "add .user(name, { keys })";
    const none = "nobody can log in: no user has a password or a usable key, and the first boot makes none";
    const told = (severity: Complaint["severity"], text: string) => [{ severity, path, text, hint }];
    if (able.length > 0) return told("note", "root alone can log in");
    if (await look.root.link(wizard))
      return told("note", "nobody can log in before its console was asked for a user");
    return told("error", none);
  },
};

/** What asks for a user at the console of Raspberry Pi OS, until there is one (userconf-pi). */
const wizard = "/etc/systemd/system/multi-user.target.wants/userconfig.service";

/** By a password, or by keys that sshd takes; root's depend on PermitRootLogin. */
async function canEnter(look: Look, { name, uid, home }: Account): Promise<boolean> {
  const { root } = look;
  const [, hash = "*"] = (await rows(root, "/etc/shadow")).find(([one]) => one === name) ?? [];
  if (/^\$|^$/.test(hash)) return true;
  const place = `${home}/.ssh`;
  if (!(await root.entry(`${place}/authorized_keys`))) return false;
  if (uid === 0 && (await rootKept(root))) return false;
  return !(await keyOwners.check(look)).some(
    ({ path, severity }) => severity === "error" && (path === home || path.startsWith(place)),
  );
}

const rootKept = async (root: Files): Promise<boolean> =>
  (await sshdSettings(root)).find(({ word }) => word === "permitrootlogin")?.value.toLowerCase() === "no";

const places = [
  "/boot/firmware/userconf.txt",
  "/boot/userconf.txt",
  "/boot/firmware/custom.toml",
  "/boot/firmware/firstrun.sh",
  "/boot/firmware/sysconf.txt",
  "/root/.not_logged_in_yet",
  "/var/lib/cloud/seed/nocloud/user-data",
];

async function madeLater({ root, seed }: Look): Promise<boolean> {
  for (const path of places) if (await root.entry(path)) return true;
  const userData = (await seed?.text("/user-data")) ?? "";
  return (
    seededUsers(userData).length > 0 ||
    /^\s*(password|chpasswd|ssh_authorized_keys|ssh_import_id):/m.test(userData)
  );
}
