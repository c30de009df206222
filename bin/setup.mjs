// Plain JavaScript and no dependency: it runs before there are any.
import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, userInfo } from "node:os";
import path from "node:path";

const root = path.join(import.meta.dirname, "..");
const refused = 3;

/** A program, the Debian package that has it, and the Homebrew one; no Homebrew name where macOS has no use for it. */
const tools = {
  qemu: { program: "qemu-system-x86_64", apt: "qemu-system-x86", brew: "qemu" },
  mmdebstrap: { program: "mmdebstrap", apt: "mmdebstrap" },
  fakeroot: { program: "fakeroot", apt: "fakeroot" },
  uidmap: { program: "newuidmap", apt: "uidmap" },
  ext4: { program: "mkfs.ext4", apt: "e2fsprogs", brew: "e2fsprogs" },
  debugfs: { program: "debugfs", apt: "e2fsprogs", brew: "e2fsprogs" },
  fat: { program: "mkfs.fat", apt: "dosfstools", brew: "dosfstools" },
  sfdisk: { program: "sfdisk", apt: "fdisk" },
  xz: { program: "xz", apt: "xz-utils", brew: "xz" },
  bwrap: { program: "bwrap", apt: "bubblewrap" },
  busybox: { program: "busybox", apt: "busybox" },
  ssh: { program: "ssh", apt: "openssh-client", brew: "openssh" },
  sshd: { program: "sshd", apt: "openssh-server", brew: "openssh" },
  mtools: { program: "mcopy", apt: "mtools", brew: "mtools" },
  docker: { program: "dockerd", apt: "docker.io" },
  btrfs: { program: "mkfs.btrfs", apt: "btrfs-progs" },
  xfs: { program: "mkfs.xfs", apt: "xfsprogs" },
  emulator: { program: "qemu-aarch64-static", apt: "qemu-user-static" },
  luks: { program: "cryptsetup", apt: "cryptsetup-bin" },
  squashfs: { program: "mksquashfs", apt: "squashfs-tools" },
  iso: { program: "xorriso", apt: "xorriso" },
  f2fs: { program: "mkfs.f2fs", apt: "f2fs-tools" },
  curl: { program: "curl", apt: "curl", brew: "curl" },
};

const disks = ["ext4", "debugfs", "fat", "sfdisk", "xz"];
const machines = ["qemu", "mmdebstrap", "fakeroot", "uidmap", "bwrap", "busybox", ...disks];
/** What the engines are tested with: what they mount, start, or refuse. Without it those tests are skipped. */
const engines =
  userInfo().uid === 0 ? ["docker", "btrfs", "xfs", "emulator", "luks", "squashfs", "iso", "f2fs"] : [];

/** What each command cannot do without. */
const needs = {
  start: machines,
  test: [...disks, "mtools", "ssh", "sshd", "bwrap", "busybox", "curl"],
  board: [...machines, ...engines, "ssh", "mtools"],
  bench: [...machines, "ssh"],
};

const wish = process.argv[2] ?? "";
if (!(wish in needs)) end(2, `usage: node bin/setup.mjs ${Object.keys(needs).join("|")}`);
mustHaveNode();
mustHaveModules();
mustHaveTools(needs[wish]);
if (machines.every((name) => needs[wish].includes(name))) mustMapUsers();

function mustHaveNode() {
  const wanted = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")).engines.node.replace(
    ">=",
    "",
  );
  const [major, minor] = wanted.split(".").map(Number);
  const [isMajor, isMinor] = process.versions.node.split(".").map(Number);
  if (isMajor > major || (isMajor === major && isMinor >= (minor ?? 0))) return;
  end(
    refused,
    `this is Node ${process.versions.node}, and the kit needs ${wanted} or newer: https://nodejs.org`,
  );
}

/** Installs node_modules as the lock file says, unless that was done since the lock file last changed. */
function mustHaveModules() {
  const stamp = path.join(root, "node_modules/.setup-stamp");
  const lock = path.join(root, "package-lock.json");
  const npms = path.join(root, "node_modules/.package-lock.json"); // npm's own, written last by any install
  const newest = Math.max(...[stamp, npms].map((file) => (existsSync(file) ? statSync(file).mtimeMs : 0)));
  if (newest >= statSync(lock).mtimeMs) return;
  say("installing the packages of package-lock.json");
  if (!npm("ci") && !npm("install", "--no-save")) end(1, "npm could not install them: its words are above");
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, "");
}

/**
 * Runs npm. A registry that does not serve the builds of other systems leaves them out of the lock file, which `npm ci`
 * then refuses as incomplete, and `npm install` does not mind.
 */
function npm(...words) {
  const done = spawnSync("npm", [...words, "--no-audit", "--no-fund"], { cwd: root, encoding: "utf8" });
  const incomplete = words[0] === "ci" && done.stderr?.includes("EUSAGE");
  if (done.status !== 0 && !incomplete) process.stderr.write(`${done.stdout}${done.stderr}`);
  return done.status === 0;
}

function mustHaveTools(names) {
  const missing = () =>
    names.map((name) => tools[name]).filter((tool) => usable(tool) && !found(tool.program));
  const lacking = missing();
  if (lacking.length === 0) return;
  const programs = lacking.map((tool) => tool.program).join(", ");
  const packages = [...new Set(lacking.map((tool) => tool.apt))];
  if (process.platform === "darwin") {
    const brews = [...new Set(lacking.map((tool) => tool.brew))].join(" ");
    end(refused, `not installed: ${programs}. Install:\n  brew install ${brews}`);
  }
  if (!found("apt-get"))
    end(refused, `not installed: ${programs}. Install them with this system's package manager.`);
  if (userInfo().uid !== 0) {
    end(refused, `not installed: ${programs}. Install:\n  sudo apt-get install -y ${packages.join(" ")}`);
  }
  say(`installing ${packages.join(" ")}`);
  apt(["update"]);
  apt(["install", "-y", "--no-install-recommends", ...packages]);
  const still = missing().map((tool) => tool.program);
  if (still.length > 0) end(refused, `installed, and still not found: ${still.join(", ")}`);
}

/** The board boots on macOS too, from an image that was built elsewhere: the tools of Linux alone are not asked for. */
function usable(tool) {
  return process.platform !== "darwin" || tool.brew !== undefined;
}

function apt(words) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const done = spawnSync("apt-get", ["-q", ...words], { env, stdio: ["ignore", 2, 2] });
  if (done.status !== 0) end(1, `apt-get ${words[0]} failed: its words are above`);
}

/** A base image is unpacked with many owners, which an ordinary user may only do with ids of his own to give away. */
function mustMapUsers() {
  const { uid, username } = userInfo();
  if (process.platform !== "linux" || uid === 0 || found("fakechroot")) return;
  const listed = (file) =>
    existsSync(file) &&
    readFileSync(file, "utf8")
      .split("\n")
      .some((line) => [username, String(uid)].includes(line.split(":")[0]));
  if (listed("/etc/subuid") && listed("/etc/subgid")) return;
  if (existsSync(cachedBase())) return; // nothing is left to build
  end(
    refused,
    `${username} has no subordinate ids in /etc/subuid and /etc/subgid, so no base image can be built. Add them, or install fakechroot:
  sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}
  sudo apt-get install -y fakechroot`,
  );
}

function cachedBase() {
  const home = process.env.TPI_HOME;
  const cache = home
    ? path.join(home, "cache")
    : path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "tpi");
  return path.join(cache, "base/debian-amd64.img.xz");
}

/** Whether a program is on PATH or in the system's folders that an ordinary user's PATH does not have. */
function found(program) {
  const folders = (process.env.PATH ?? "").split(path.delimiter).filter(Boolean);
  const more = [
    "/usr/local/sbin",
    "/usr/sbin",
    "/sbin",
    "/opt/homebrew/opt/e2fsprogs/sbin",
    "/usr/local/opt/e2fsprogs/sbin",
  ];
  return [...folders, ...more].some((folder) => {
    try {
      const file = realpathSync(path.join(folder, program));
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

function end(code, line) {
  say(line);
  process.exit(code);
}
