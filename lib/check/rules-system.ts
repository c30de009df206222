import { isMap, yamlOf } from "./accounts.ts";
import { type Complaint, each, type Files, type Look, type Rule, within } from "./look.ts";

/** The machine must be able to resolve its own name, or sudo waits and complains at every call. */
export const hosts: Rule = {
  name: "hosts",
  check: async ({ root, seed }) => {
    const meta = yamlOf((await seed?.text("/meta-data")) ?? "");
    const seeded =
      isMap(meta) && typeof meta["local-hostname"] === "string" ? meta["local-hostname"] : undefined;
    const own = (await root.text("/etc/hostname"))?.trim();
    const name = seeded ?? own;
    if (!name) return [];
    const path = seeded ? "/meta-data" : "/etc/hostname";
    if (!/^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/.test(name))
      return [
        {
          severity: "error",
          path,
          text: `${JSON.stringify(name)} is not a host name`,
          hint: "letters, digits and inner hyphens, at most 63 a part",
        },
      ];
    const nss = /^hosts:.*\b(myhostname|resolve)\b/m.test((await root.text("/etc/nsswitch.conf")) ?? "");
    const listed = ((await root.text("/etc/hosts")) ?? "")
      .split("\n")
      .some((line) => line.replace(/#.*/, "").split(/\s+/).slice(1).includes(name));
    const managed = /manage_etc_hosts:\s*(true|localhost)/.test((await seed?.text("/user-data")) ?? "");
    if (nss || listed || managed) return [];
    return [
      {
        severity: "warning",
        path: "/etc/hosts",
        text: `does not name ${name}, and nothing else resolves it: sudo says "unable to resolve host"`,
        hint: `add the line 127.0.1.1 ${name}; .hostname() does`,
      },
    ];
  },
};

/** A locale that is set and was never generated makes every program complain. */
export const locale: Rule = {
  name: "locale",
  check: async (look) => {
    const { root } = look;
    const path = (await root.entry("/etc/default/locale")) ? "/etc/default/locale" : "/etc/locale.conf";
    const text = (await root.text(path)) ?? "";
    const names = [...text.matchAll(/^\s*(?:LANG|LC_\w+)="?([^"\s]+)"?/gm)].map(([, name = ""]) => name);
    const later = await generatedLater(look);
    return each([...new Set(names)], async (name) => {
      if (/^(C|POSIX)(\.|$)/i.test(name) || later || (await generated(root, name))) return [];
      return [
        {
          severity: "warning",
          path,
          text: `sets ${name}, which is not generated in the image`,
          hint: "have the first boot run `locale-gen`, or take C.UTF-8, which is always there",
        },
      ];
    });
  },
};

/** Whether the first boot generates what is set: a step of ours, or cloud-init's word. */
async function generatedLater({ root, seed }: Look): Promise<boolean> {
  const steps = await root.names("/usr/lib/tpi/firstboot");
  return (
    steps.some((name) => name.endsWith("-locale")) || /^locale:/m.test((await seed?.text("/user-data")) ?? "")
  );
}

/** Looked for in the archive (whose names end in `utf8`) and in folders of their own. */
async function generated(root: Files, name: string): Promise<boolean> {
  const [language = name, charset = ""] = name.split(".");
  const short = `${language}.${charset.toLowerCase().replaceAll("-", "")}`;
  const folders = await root.names("/usr/lib/locale");
  if (folders.includes(short) || folders.includes(name)) return true;
  // the archive is larger than a text may be: its presence with a locale.gen line is as much as can be told cheaply
  const archive = await root.entry("/usr/lib/locale/locale-archive");
  const asked = new RegExp(`^\\s*${language.replaceAll(/[.@]/g, "\\$&")}\\.`, "m").test(
    (await root.text("/etc/locale.gen")) ?? "",
  );
  return archive !== undefined && asked;
}

/** What anybody may change below /etc belongs to nobody. */
export const openFiles: Rule = {
  name: "world-writable",
  check: async ({ root }) => [
    ...(await openBelow(root, "/etc")),
    ...(await each(["/etc/shadow", "/etc/gshadow"], async (path) => {
      const entry = await root.entry(path);
      if (!entry || (entry.mode & 0o007) === 0) return [];
      return [
        {
          severity: "error",
          path,
          text: `can be read by everybody (mode ${entry.mode.toString(8)})`,
          hint: "give it the mode 0640, owner root:shadow",
        },
      ];
    })),
  ],
};

async function openBelow(root: Files, folder: string): Promise<readonly Complaint[]> {
  return each(await within(root, folder), async (path) => {
    const entry = await root.own(path);
    if (!entry || entry.kind === "link") return [];
    const open = (entry.mode & 0o002) !== 0;
    const own: readonly Complaint[] = open
      ? [
          {
            severity: "error",
            path,
            text: `may be written by everybody (mode ${entry.mode.toString(8)})`,
            hint: "take the right to write from others: chmod o-w",
          },
        ]
      : [];
    return entry.kind === "folder" ? [...own, ...(await openBelow(root, path))] : own;
  });
}

/** What belongs to one machine and would be the same on all that are made from this image. */
export const cloned: Rule = {
  name: "cloned",
  check: async ({ root }) => {
    const id = (await root.text("/etc/machine-id"))?.trim() ?? "";
    const same: Complaint = {
      severity: "warning",
      path: "/etc/machine-id",
      text: "is set, so all machines of this image get the same DHCP lease",
      hint: "empty the file: the first boot fills it",
    };
    return /^[0-9a-f]{32}$/.test(id) ? [same] : [];
  },
};
