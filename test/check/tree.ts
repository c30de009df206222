import type { Files, Look, Volume } from "../../lib/check/look.ts";
import { shellSyntax } from "../../lib/check/syntax.ts";

/** What stands at a path: a text, or a text with more; `link` makes it a symbolic link. */
export type Thing =
  | string
  | { readonly text?: string; readonly link?: string; readonly mode?: number; readonly uid?: number };

/** An image for rules: files of the root, a seed, and what else differs from the usual. */
export interface Sketch {
  readonly root?: Readonly<Record<string, Thing>>;
  readonly seed?: Readonly<Record<string, Thing>>;
  readonly facts?: Partial<Look["facts"]>;
  readonly volumes?: readonly Volume[];
  readonly wanted?: Look["wanted"];
}

const volume = { kind: "ext4", partlabel: "", free: 500 << 20, size: 1 << 30, isRoot: false };

/** The volumes of a Raspberry Pi OS image. */
export const piVolumes: readonly Volume[] = [
  { ...volume, kind: "fat", label: "bootfs", uuid: "4EF5-6F55", partuuid: "9730496b-01" },
  {
    ...volume,
    label: "rootfs",
    uuid: "01234567-89ab-cdef-0123-456789abcdef",
    partuuid: "9730496b-02",
    isRoot: true,
  },
];

/** A sketch as rules see it, on top of a sound small system. */
export function sketched({ root = {}, seed, facts, volumes = piVolumes, wanted }: Sketch): Look {
  return {
    facts: {
      id: "debian",
      version: "12",
      codename: "bookworm",
      title: "Debian 12",
      mechanism: "none",
      ...facts,
    },
    root: filesOf({ ...sound, ...root }),
    seed: seed && filesOf(seed),
    volumes,
    wanted,
    syntax: (shell, script) => shellSyntax(shell, script, new AbortController().signal),
  };
}

const sound: Readonly<Record<string, Thing>> = {
  "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\npi:x:1000:1000:,,,:/home/pi:/bin/bash\n",
  "/etc/group": "root:x:0:\nsudo:x:27:pi\npi:x:1000:\n",
  "/etc/shadow": { text: "root:*:19000::::::\npi:$6$salt$hash:19000::::::\n", mode: 0o640 },
  "/etc/os-release": "ID=debian\nVERSION_CODENAME=bookworm\n",
  "/bin/sh": { text: "\x7fELF", mode: 0o755 },
  "/bin/bash": { text: "\x7fELF", mode: 0o755 },
  "/usr/bin/env": { text: "\x7fELF", mode: 0o755 },
  "/usr/lib/systemd/system/ssh.service": "[Unit]\n[Service]\nExecStart=/bin/sh\n",
  "/usr/lib/systemd/system/multi-user.target": "[Unit]\nDescription=Multi-User System\n",
  "/usr/lib/systemd/system/wg-quick@.service": "[Unit]\n[Service]\nExecStart=/bin/sh\n",
};

function filesOf(things: Readonly<Record<string, Thing>>): Files {
  const at = (path: string) => {
    const thing = things[path];
    return typeof thing === "string" ? { text: thing } : thing;
  };
  const names = (folder: string) => [
    ...new Set(
      Object.keys(things)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1).split("/")[0] ?? ""),
    ),
  ];
  const entry = (path: string, follow: boolean): ReturnType<Files["entry"]> => {
    const thing = at(path);
    if (thing?.link !== undefined && follow)
      return entry(new URL(thing.link, `file://${path}`).pathname, true);
    const kind = thing === undefined ? "folder" : thing.link === undefined ? "file" : "link";
    if (kind === "folder" && names(path).length === 0) return Promise.resolve(undefined);
    const mode = thing?.mode ?? (kind === "folder" ? 0o755 : 0o644);
    const uid = thing?.uid ?? (path.startsWith("/home/pi") ? 1000 : 0);
    return Promise.resolve({ kind, mode, uid, gid: uid, size: thing?.text?.length ?? 0, modified: 0 });
  };
  return {
    text: async (path) => (at(path)?.link === undefined ? at(path)?.text : undefined),
    entry: (path) => entry(path, true),
    own: (path) => entry(path, false),
    link: async (path) => at(path)?.link,
    names: async (folder) => names(folder),
  };
}
