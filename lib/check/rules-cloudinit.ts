import * as z from "zod";
import { isMap, yamlOf } from "./accounts.ts";
import { issuesOf } from "./issues.ts";
import type { Complaint, Files, Look, Rule } from "./look.ts";
import { networkComplaints } from "./rules-network.ts";

const named = z.looseObject({
  name: z.string("is not a user name"),
  ssh_authorized_keys: z.array(z.string(), "is not a list of keys").optional(),
  groups: z.union([z.string(), z.array(z.string()), z.looseObject({})], "is not a list of groups").optional(),
  sudo: z
    .union([z.string(), z.array(z.string()), z.null(), z.literal(false)], "is not a line for sudoers")
    .optional(),
  lock_passwd: z.boolean("is not true or false").optional(),
});
const command = z.union(
  [z.string(), z.array(z.union([z.string(), z.number()])), z.null()],
  "is not a command",
);
const file = z.looseObject({
  path: z.string("is not a path").startsWith("/", "is not an absolute path"),
  permissions: z
    .string("is not in quotes: YAML reads 0644 as the number 420")
    .regex(/^0?[0-7]{3,4}$/, "is not an octal mode")
    .optional(),
});

/** The modules of a cloud-config that images use, as cloud-init's schema has them; other keys pass. */
const cloudConfig = z.looseObject({
  hostname: z.string("is not a name").optional(),
  users: z
    .array(z.union([z.literal("default"), z.string(), named], "is not a user"), "is not a list of users")
    .optional(),
  ssh_authorized_keys: z.array(z.string(), "is not a list of keys").optional(),
  ssh_pwauth: z
    .union(
      [z.boolean(), z.enum(["unchanged", "true", "false", "yes", "no"])],
      "is neither true, false nor unchanged",
    )
    .optional(),
  write_files: z.array(file, "is not a list of files").optional(),
  runcmd: z.array(command, "is not a list of commands").optional(),
  bootcmd: z.array(command, "is not a list of commands").optional(),
  packages: z
    .array(z.union([z.string(), z.array(z.string()), z.looseObject({})]), "is not a list of packages")
    .optional(),
  timezone: z.string("is not a time zone").optional(),
});

/** The seed that cloud-init reads on the first boot; what it cannot read it leaves out with a line in a log. */
export const cloudInit: Rule = {
  name: "cloud-init",
  check: async (look) => {
    const seed = await seedOf(look);
    if (!seed) return [];
    const { files, at } = seed;
    const [meta, user, network] = await Promise.all(
      ["meta-data", "user-data", "network-config"].map((name) => files.text(`${at}/${name}`)),
    );
    const line = (await look.root.text("/boot/firmware/cmdline.txt")) ?? "";
    return [
      ...metaComplaints(`${at}/meta-data`, { text: meta, line }),
      ...userComplaints(`${at}/user-data`, user),
      ...networkOf(`${at}/network-config`, network),
      ...(await disabled(look)),
    ];
  },
};

async function seedOf({ root, seed }: Look): Promise<{ files: Files; at: string } | undefined> {
  if (seed) return { files: seed, at: "" };
  const at = "/var/lib/cloud/seed/nocloud";
  return (await root.entry(`${at}/user-data`)) ? { files: root, at } : undefined;
}

/** A folder is a seed with both files; without an id cloud-init says `nocloud` (DataSourceNoCloud.py, `_get_data`). */
function metaComplaints(
  path: string,
  of: { readonly text: string | undefined; readonly line: string },
): readonly Complaint[] {
  const hint = "write `instance-id: ` and any text that is new for this machine";
  if (of.text === undefined) {
    const text = "is missing, and without it cloud-init does not take the rest for a seed";
    return [{ severity: "error", path, text, hint }];
  }
  const data = yamlOf(of.text);
  if (
    (isMap(data) && typeof data["instance-id"] === "string") ||
    /ds=nocloud\S*;(i|instance-id)=/.test(of.line)
  )
    return [];
  const text = "has no instance-id: cloud-init does not see when the seed is another one";
  return [{ severity: "note", path, text, hint }];
}

function userComplaints(path: string, text: string | undefined): readonly Complaint[] {
  const bad = (what: string, hint: string): readonly Complaint[] => [
    { severity: "error", path, text: what, hint },
  ];
  if (text === undefined)
    return bad(
      "is missing, and without it cloud-init does not take the rest for a seed",
      "write one, if only empty",
    );
  if (text.trim() === "") return [];
  if (/^(#!|## template|Content-Type|#include|#cloud-boothook|#cloud-config-archive)/.test(text)) return [];
  if (!/^#cloud-config\s*$/m.test(text.split("\n")[0] ?? ""))
    return bad(
      `begins with ${JSON.stringify(text.slice(0, 30))}, which cloud-init takes for nothing`,
      "its first line must be #cloud-config",
    );
  const data = yamlOf(text);
  if (data === undefined || (data !== null && !isMap(data)))
    return bad("is not a YAML map", "check its indentation; tabs are not allowed");
  return issuesOf(cloudConfig.safeParse(data ?? {}).error).flatMap(({ at, what }) =>
    bad(
      `${at} ${what}`,
      "see cloud-init's module reference; `cloud-init schema` checks a file on a running system",
    ),
  );
}

function networkOf(path: string, text: string | undefined): readonly Complaint[] {
  if (text === undefined || text.trim() === "") return [];
  const data = yamlOf(text);
  if (data === undefined)
    return [
      { severity: "error", path, text: "is not YAML", hint: "check its indentation; tabs are not allowed" },
    ];
  const inner = isMap(data) && isMap(data.network) ? data.network : data;
  if (isMap(inner) && (inner.version === 1 || inner.config === "disabled")) return [];
  return networkComplaints(path, inner);
}

/** Disabling cloud-init on an image whose only user it would make locks everybody out. */
async function disabled({ root }: Look): Promise<readonly Complaint[]> {
  const path = "/etc/cloud/cloud-init.disabled";
  if (!(await root.entry(path))) return [];
  const text = "disables cloud-init, and with it the seed: its users, keys and addresses are not made";
  return [
    {
      severity: "error",
      path,
      text,
      hint: "remove the file, or describe the users and the network another way",
    },
  ];
}
