import { spawn, spawnSync } from "node:child_process";
import { chmod, copyFile, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { quote } from "../../core/cmd.ts";
import { beneath } from "../files.ts";
import { mark } from "../machine-slot.ts";

/** A command line for this machine that runs another one with the controller's root as `/`. */
export type Jail = (command: readonly string[], card: boolean) => readonly string[];

/** How commands of the controller can be run on this machine, or why they cannot. */
export type Toolbox = { readonly jail: Jail } | { readonly missing: string };

// What the real controller's busybox most likely lacks, or what would not be its own.
const absent = ["stat", "timeout", "split", "nc", "httpd", "telnetd", "dpkg", "rpm", "rpm2cpio"];
const own = ["df", "mount", "reboot", "bash"];

/**
 * Shell functions for what differs from busybox. Some builds of its shell look at their own applets before the path,
 * so that a missing file alone hides nothing; a script that is given to `sh -c` begins with them as well.
 */
export function ownCommands(lacks: readonly string[] = []): string {
  const functions = [
    ...own.map((name) => `${name}() { /bin/${name} "$@"; }\n`),
    ...[...absent, ...lacks].map((name) => `${name}() { echo "sh: ${name}: not found" >&2; return 127; }\n`),
  ].join("");
  return `${functions}own=${quote(functions)}\n${nested}`;
}

const nested = `sh() {
  [ "$1" = -c ] || { /bin/sh "$@"; return; }
  shift; code=$1; shift
  /bin/sh -c "$own$code" "$@"
}
`;

const df = `#!/bin/sh
# The sizes of the virtual controller's file systems, kept in /run/mounts in bytes: mount total used free type.
unit=1024; name=1K-blocks; wanted=
while [ $# -gt 0 ]; do
  case $1 in
    -h|-Ph|-hP) unit=0; name=Size ;;
    -m) unit=1048576; name=1M-blocks ;;
    -B) shift; unit=$1; name=$1-blocks ;;
    -B*) unit=\${1#-B}; name=$unit-blocks ;;
    -*) ;;
    *) wanted=$(readlink -f "$1") || { echo "df: $1: can't find mount point" >&2; exit 1; } ;;
  esac
  shift
done
awk -v unit="$unit" -v name="$name" -v wanted="$wanted" '
  function size(bytes) { return unit ? int(bytes / unit) : sprintf("%.1fM", bytes / 1048576) }
  function line() { printf "%-20s %10s %9s %9s %3d%% %s\\n", device, size($2), size($3), size($4), $2 ? $3 * 100 / $2 : 0, $1 }
  BEGIN { printf "%-20s %10s %9s %9s %4s %s\\n", "Filesystem", name, "Used", "Available", "Use%", "Mounted on" }
  { device = $1 == "/" ? "overlay" : $1 == "/tmp" ? "tmpfs" : "/dev/mmcblk0p1" }
  wanted == "" { line(); next }
  $1 == "/" || wanted == $1 || index(wanted, $1 "/") == 1 { if (length($1) > best) { best = length($1); kept = $0; dev = device } }
  END { if (wanted != "") { $0 = kept; device = dev; line() } }
' /run/mounts
`;

const mount = `#!/bin/sh
[ $# = 0 ] || { echo "mount: only the table is here" >&2; exit 1; }
awk '{ print ($1 == "/" ? "overlay" : $1 == "/tmp" ? "tmpfs" : "/dev/mmcblk0p1") " on " $1 " type " $5 " (rw,relatime)" }' /run/mounts
`;

// The daemon and the machine are outside of the jail: a request is left in a file, and gone when it is done.
const ask = (verb: string) => `#!/bin/sh
echo "${verb}" > /run/request
while [ -s /run/request ]; do usleep 20000; done
`;

/** Puts busybox and the controller's own scripts into a root, and finds out how commands can be run there. */
export async function toolbox(root: string): Promise<Toolbox> {
  const busybox = ["/bin/busybox", "/usr/bin/busybox", "/usr/local/bin/busybox"].find((file) =>
    works([file, "true"]),
  );
  if (!busybox)
    return { missing: "busybox is not installed on this machine (Debian: apt install busybox-static)" };
  await install(root, busybox);
  for (const jail of jails(root)) if (works(jail(["/bin/sh", "-c", "exit 0"], false))) return { jail };
  return {
    missing: "this machine lets nobody run a command in another root (bubblewrap, user namespaces, chroot)",
  };
}

const works = (command: readonly string[]) =>
  spawnSync(command[0] ?? "", command.slice(1), { stdio: "ignore", timeout: 10_000 }).status === 0;

async function install(root: string, busybox: string): Promise<void> {
  const bin = path.join(root, "bin");
  const there = await readdir(bin);
  if (!there.includes("busybox")) await copyFile(busybox, path.join(bin, "busybox"));
  const applets = spawnSync(busybox, ["--list"], { encoding: "utf8" }).stdout.split("\n").filter(Boolean);
  const wanted = applets.filter(
    (name) => name !== "busybox" && !absent.includes(name) && !own.includes(name) && !there.includes(name),
  );
  for (const name of wanted) await symlink("busybox", path.join(bin, name));
  for (const folder of ["usr", "etc/init.d"]) await mkdir(path.join(root, folder), { recursive: true });
  for (const folder of ["sbin", "usr/bin", "usr/sbin"]) {
    await symlink(folder === "sbin" ? "bin" : "../bin", path.join(root, folder)).catch(() => undefined);
  }
  const scripts = {
    "bin/df": df,
    "bin/mount": mount,
    "bin/bash": '#!/bin/sh\nexec /bin/busybox ash "$@"\n',
    "bin/reboot": ask("reboot"),
    "etc/init.d/S94bmcd": ask("$1"),
  };
  for (const [name, text] of Object.entries(scripts)) {
    await writeFile(path.join(root, name), text);
    await chmod(path.join(root, name), 0o755);
  }
  for (const name of ["run/request", "run/drop_caches"]) await writeFile(path.join(root, name), "");
}

/** The ways to run a command in a root, best first. The last one is for root in a container without namespaces. */
function jails(root: string): readonly Jail[] {
  const bind = (folder: string, at = folder) => ["--bind", path.join(root, folder), `/${at}`];
  const wrap =
    (libraries: readonly string[]): Jail =>
    (command, card) => [
      ...[
        "bwrap",
        "--unshare-user",
        "--uid",
        "0",
        "--gid",
        "0",
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
      ],
      ...["--hostname", "turingpi", "--die-with-parent", "--bind", root, "/", ...libraries],
      ...[
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        ...bind("tmp"),
        ...bind(card ? "mnt/sdcard" : beneath, "mnt/sdcard"),
      ],
      ...["--bind", path.join(root, "run/drop_caches"), "/proc/sys/vm/drop_caches", "--chdir", "/root", "--"],
      ...command,
    ];
  const shared = ["/lib", "/lib64", "/usr/lib"].flatMap((folder) => ["--ro-bind-try", folder, folder]);
  const inside = 'mount --rbind /dev "$1/dev"; exec chroot "$@"';
  return [
    wrap([]),
    wrap(shared),
    (command) => [
      "unshare",
      "-r",
      "-m",
      "-p",
      "-f",
      "--kill-child",
      "sh",
      "-c",
      inside,
      "sh",
      root,
      ...command,
    ],
    (command) => [...endWithParent(), "chroot", root, ...command],
  ];
}

let ending: readonly string[] | undefined;

/** Words before a command that make it die with its parent; none where this machine lacks them (they are Linux only). */
export function endWithParent(): readonly string[] {
  const setpriv = ["setpriv", "--pdeathsig", "KILL"];
  ending ??= works([...setpriv, "true"]) ? setpriv : [];
  return ending;
}

/** Starts a jailed command; the caller owns the process. */
export const jailed = (
  jail: Jail,
  wish: { command: readonly string[]; card: boolean; env: Readonly<Record<string, string>> },
) => {
  const [program = "", ...rest] = jail(wish.command, wish.card);
  const { PATH = "", [mark]: marked } = process.env;
  const env = { ...wish.env, PATH, ...(marked === undefined ? {} : { [mark]: marked }) };
  return spawn(program, rest, { stdio: "pipe", detached: true, env });
};
