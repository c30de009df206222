// Commands inside the image: in a mount, process, host name and IPC namespace of their own, which end with the command
// and take every daemon and every mount with them.
import { spawn } from "node:child_process";

const inside = ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--uts", "--ipc"];

/** Where a command stands while it runs, gone with its namespace: it may hold secrets, and anyone can read arguments. */
const script = "/run/tpi-command";

/** What a Debian package's scripts expect to find; it runs as the first process of the namespace. The command is its input. */
const prepare = `
  set -e
  root=$1
  shift
  mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
  mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
  mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
  mkdir "$root/dev/pts" "$root/dev/shm"
  while read -r name minor; do
    mknod -m 666 "$root/dev/$name" c 1 "$minor"
  done <<END
null 3
zero 5
full 7
random 8
urandom 9
END
  mknod -m 666 "$root/dev/tty" c 5 0
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s /proc/self/fd/0 "$root/dev/stdin"
  ln -s /proc/self/fd/1 "$root/dev/stdout"
  ln -s /proc/self/fd/2 "$root/dev/stderr"
  mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
  mkdir -m 1777 "$root/run/lock"
  (umask 077 && cat >"$root${script}")
  while [ $# -gt 0 ]; do
    mount --bind "$1" "$root$2"
    shift 2
  done
  exec chroot "$root" /bin/sh -e ${script} </dev/null`;

// a proxy of this machine is the proxy for the image too, while a command runs in it
const passed = /^(https?|ftp|no|all)_proxy$/i;

function environment() {
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    TERM: "dumb",
    LC_ALL: "C.UTF-8",
    DEBIAN_FRONTEND: "noninteractive",
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => passed.test(name))),
  };
}

/** Calls `each` with every line; of one that a program has written over with carriage returns, with what it left. */
function lines(stream, each) {
  let held = "";
  const left = (line) => line.split("\r").findLast((part) => part.trim() !== "");
  const pass = (line) => {
    const text = left(line);
    if (text !== undefined) each(text);
  };
  stream.setEncoding("utf8").on("data", (text) => {
    const all = (held + text).split("\n");
    held = all.pop();
    for (const line of all) pass(line);
  });
  stream.once("end", () => pass(held));
}

/** The deed `run`; `say` is called with each line that a command prints. */
export function runner({ folderOf, say }) {
  const running = new Set();

  const run = async ({ partition, command, places, request }) => {
    const bound = places.flatMap((one) => [folderOf(one.partition), one.place]);
    // dies with the agent, and the namespaces with it
    const words = [
      "--pdeathsig",
      "KILL",
      "unshare",
      ...inside,
      "sh",
      "-c",
      prepare,
      "sh",
      folderOf(partition),
      ...bound,
    ];
    const child = spawn("setpriv", words, { env: environment(), stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.on("error", () => {}); // it ended before it read its command: its exit code tells
    child.stdin.end(command);
    const last = [];
    const hear = (stream) =>
      lines(stream, (line) => {
        last.push(line);
        if (last.length > 6) last.shift();
        say({ request, line });
      });
    hear(child.stdout);
    hear(child.stderr);
    const ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(signal ? `signal ${signal}` : `code ${code}`));
    });
    running.add({ child, ended });
    return { value: { exit: await ended, last } };
  };

  return {
    deeds: { run },
    stop: async () => {
      for (const { child, ended } of running) {
        child.kill("SIGKILL");
        await ended;
      }
    },
  };
}
