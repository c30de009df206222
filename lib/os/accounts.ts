import { TpiError } from "../core/fault.ts";
import type { Tree } from "../disk.ts";
import type { Owner } from "./edit.ts";

/** A user or group as passwd(5) and group(5) list it; a user's own group is `gid`. */
interface Account {
  readonly name: string;
  readonly id: number;
  readonly gid: number;
}

/**
 * The numbers of an owner by the image's own /etc/passwd and /etc/group, as they are at this moment. `OWNER_UNKNOWN`
 * for a name that is not there, and for a bare user number that has no entry to tell its group.
 */
export async function ownerNumbers(root: Tree, owner: Owner): Promise<{ uid: number; gid: number }> {
  if (typeof owner !== "string") return owner;
  const [, name = "", group] = /^([^:]*)(?::(.*))?$/.exec(owner) ?? [];
  const users = accounts(await text(root, "/etc/passwd"), 3);
  const user = find(users, name);
  if (group !== undefined && group !== "") {
    const groups = accounts(await text(root, "/etc/group"), 2);
    const uid = user?.id ?? numberOf(name) ?? unknown(owner, "user", users);
    return { uid, gid: find(groups, group)?.id ?? numberOf(group) ?? unknown(owner, "group", groups) };
  }
  return user ? { uid: user.id, gid: user.gid } : unknown(owner, "user", users);
}

const find = (list: readonly Account[], name: string): Account | undefined =>
  list.find((one) => one.name === name) ?? list.find((one) => one.id === numberOf(name));

const numberOf = (word: string): number | undefined => (/^\d{1,10}$/.test(word) ? Number(word) : undefined);

/** The lines of passwd or group; `gidAt` is the field of the group's number. */
function accounts(lines: string, gidAt: number): readonly Account[] {
  return lines.split("\n").flatMap((line) => {
    const fields = line.split(":");
    const [name = "", , id = ""] = fields;
    return name !== "" && /^\d+$/.test(id)
      ? [{ name, id: Number(id), gid: Number(fields[gidAt] ?? id) }]
      : [];
  });
}

function unknown(owner: string, kind: "user" | "group", known: readonly Account[]): never {
  const names = known.map(({ name }) => name);
  const shown = names.length > 12 ? [...names.slice(0, 12), "…"] : names;
  throw new TpiError("OWNER_UNKNOWN", { owner, kind, known: shown.join(" ") });
}

async function text(root: Tree, path: string): Promise<string> {
  return (await root.exists(path)) ? new TextDecoder().decode(await root.read(path)) : "";
}
