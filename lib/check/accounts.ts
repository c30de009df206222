import { parse } from "yaml";
import { type Files, type Look, within } from "./look.ts";

/** A line of /etc/passwd. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** The users of the image itself. */
export async function accounts({ root }: Pick<Look, "root">): Promise<readonly Account[]> {
  return (await rows(root, "/etc/passwd")).flatMap(([name = "", , uid, gid, , home = "", shell = ""]) =>
    name === "" ? [] : [{ name, uid: Number(uid), gid: Number(gid), home, shell }],
  );
}

/** A colon-separated file of /etc, as fields. */
export async function rows(files: Files, path: string): Promise<readonly (readonly string[])[]> {
  const lines = ((await files.text(path)) ?? "").split("\n");
  return lines.filter((line) => line.includes(":")).map((line) => line.split(":"));
}

/** Users and groups that will be there: those of passwd and group, of sysusers.d, and those that cloud-init makes. */
export async function expectedNames(
  look: Look,
): Promise<{ users: ReadonlySet<string>; groups: ReadonlySet<string> }> {
  const { root, seed } = look;
  const users = new Set((await accounts(look)).map(({ name }) => name));
  const groups = new Set((await rows(root, "/etc/group")).map(([name = ""]) => name));
  for (const folder of ["/usr/lib/sysusers.d", "/etc/sysusers.d"]) {
    for (const file of await within(root, folder, /\.conf$/)) {
      for (const [, kind, name = ""] of ((await root.text(file)) ?? "").matchAll(/^([ug])!?\s+(\S+)/gm)) {
        if (kind === "u") users.add(name);
        groups.add(name);
      }
    }
  }
  for (const name of seededUsers((await seed?.text("/user-data")) ?? "")) {
    users.add(name);
    groups.add(name);
  }
  const renamed = /^([a-z][a-z0-9-]*):/.exec((await root.text("/boot/firmware/userconf.txt")) ?? "")?.[1];
  if (renamed) users.add(renamed);
  return { users, groups };
}

/** The users that a cloud-config makes. */
export function seededUsers(userData: string): readonly string[] {
  const data = yamlOf(userData);
  if (!isMap(data)) return [];
  const list: readonly unknown[] = Array.isArray(data.users) ? data.users : [];
  const named = [...list, ...(isMap(data.user) ? [data.user] : [])];
  return named.flatMap((one) => (isMap(one) && typeof one.name === "string" ? [one.name] : []));
}

/** YAML as data; undefined where it cannot be read. */
export function yamlOf(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Whether a value is a map with keys. */
export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
