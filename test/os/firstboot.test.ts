import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { firstBootEdits, firstBootSteps, servicesByTime } from "../../lib/os/firstboot.ts";
import { firstBootPaths, firstBootRunner, firstBootUnit } from "../../lib/os/firstboot-script.ts";
import type { FirstBootCommand } from "../../lib/os.ts";
import { tempFolder } from "../disk/tools.ts";
import { nobody, presented } from "./presented.ts";

const shells = ["dash", "bash"].map((name) => execFileSync("which", [name], { encoding: "utf8" }).trim());
const [sh = "/bin/sh"] = shells;

/** A machine of its own: a folder with the files that the edits make, two consoles, and no network unless said. */
async function machine(folder: string, steps: readonly FirstBootCommand[]): Promise<void> {
  for (const edit of firstBootEdits(steps)) {
    const at = path.join(folder, edit.path);
    await mkdir(edit.kind === "mkdir" ? at : path.dirname(at), { recursive: true });
    if (edit.kind === "write") await writeFile(at, edit.content, { mode: edit.mode ?? 0o644 });
    if (edit.kind === "symlink") await symlink(edit.target, at);
  }
  await put(folder, "/sys/class/tty/console/active", "tty1 ttyS9\n");
  for (const tty of ["tty1", "ttyS9"]) await put(folder, `/dev/${tty}`, "");
}

async function put(folder: string, name: string, text: string): Promise<void> {
  await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
  await writeFile(path.join(folder, name), text);
}

const spawned = (folder: string, shell = sh) =>
  spawn(shell, [path.join(folder, firstBootPaths.home, "run")], {
    env: { ...process.env, TPI_ROOT: folder, TPI_PAUSE: "0", TPI_POLL: "0", TPI_TRIES: "3" },
    detached: true,
    stdio: "ignore",
  });

async function boot(folder: string, shell?: string): Promise<number | null> {
  const [code] = await once(spawned(folder, shell), "close");
  return typeof code === "number" ? code : null;
}

const read = (folder: string, name: string) => readFileSync(path.join(folder, name), "utf8");
const consoleText = (folder: string) => read(folder, "/dev/ttyS9");
const step = (name: string, run: string, network = false): FirstBootCommand => ({ name, run, network });
/** A command that leaves a line, in a file that outlives the first boot. */
const mark = (folder: string, word: string) => `echo ${word} >>${folder}/marks`;

for (const shell of shells) {
  test(`first boot under ${path.basename(shell)} does its steps in order, says so on every console, and takes itself away`, async () => {
    await using folder = await tempFolder();
    const at = folder.path;
    await machine(at, [step("one", mark(at, "one")), step("two", mark(at, "two"))]);
    assert.equal(await boot(at, shell), 0);
    assert.equal(read(at, "/marks"), "one\ntwo\n");
    assert.equal(consoleText(at), "\r\ntpi: first boot done\r\n");
    assert.equal(read(at, "/dev/tty1"), consoleText(at));
    assert.match(read(at, firstBootPaths.log), /== one\n== two\n.*tpi: first boot done\n$/s);
    for (const gone of ["/usr/lib/tpi", firstBootPaths.unit, firstBootPaths.link])
      assert.ok(!existsSync(path.join(at, gone)), gone);
    assert.deepEqual(readdirSync(path.join(at, firstBootPaths.state)), ["001-one.done", "002-two.done"]);
  });
}

test("first boot tries a step again until it succeeds", async () => {
  await using folder = await tempFolder();
  const at = folder.path;
  const third = `${mark(at, "try")}\ntest "$(wc -l <${at}/marks)" -ge 3`;
  await machine(at, [step("third-time", third)]);
  assert.equal(await boot(at), 0);
  assert.equal(read(at, "/marks"), "try\ntry\ntry\n");
});

test("first boot names the step that keeps failing, stays, and goes on from there the next time", async () => {
  await using folder = await tempFolder();
  const at = folder.path;
  const steps = [
    step("one", mark(at, "one")),
    step("two", `test -e ${at}/fixed`),
    step("three", mark(at, "three")),
  ];
  await machine(at, steps);
  assert.equal(await boot(at), 1);
  assert.equal(consoleText(at), "\r\ntpi: first boot failed at two\r\n");
  assert.equal(read(at, "/marks"), "one\n");
  writeFileSync(path.join(at, "fixed"), "");
  assert.equal(await boot(at), 0);
  assert.equal(read(at, "/marks"), "one\nthree\n");
  assert.match(consoleText(at), /failed at two\r\n\r\ntpi: first boot done\r\n$/);
});

test("first boot that is killed in a step does that step again, and none before it", async () => {
  await using folder = await tempFolder();
  const at = folder.path;
  execFileSync("mkfifo", [path.join(at, "started")]);
  const long = `${mark(at, "two")}\nif [ ! -e ${at}/cut ]; then echo >${at}/started; exec sleep 600; fi`;
  await machine(at, [step("one", mark(at, "one")), step("two", long)]);
  const first = spawned(at);
  await readFile(path.join(at, "started")); // returns when the step runs
  process.kill(-(first.pid ?? 0), "SIGKILL");
  await once(first, "close");
  writeFileSync(path.join(at, "cut"), "");
  assert.equal(await boot(at), 0);
  assert.equal(read(at, "/marks"), "one\ntwo\ntwo\n");
});

test("first boot stops a step at its first command that fails", async () => {
  await using folder = await tempFolder();
  const at = folder.path;
  await machine(at, [step("halfway", `false\n${mark(at, "after")}`)]);
  assert.equal(await boot(at), 1);
  assert.ok(!existsSync(path.join(at, "marks")));
});

const routes = {
  none: "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n",
  local:
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t0058A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n",
  out: "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t00000000\t0158A8C0\t0003\t0\t0\t0\t00000000\n",
};
const v6 = (device: string) =>
  `${"0".repeat(32)} 00 ${"0".repeat(32)} 00 fe800000 00000400 1 0 3 ${device}\n`;

for (const { title, v4, six, code } of [
  { title: "no route", v4: routes.none, six: "", code: 1 },
  { title: "a route to the next machine only", v4: routes.local, six: v6("lo"), code: 1 },
  { title: "a default route", v4: routes.out, six: "", code: 0 },
  { title: "a default route by IPv6 only", v4: routes.none, six: v6("eth0"), code: 0 },
]) {
  test(`first boot with ${title} ${code === 0 ? "does" : "does not do"} a step that needs the network`, async () => {
    await using folder = await tempFolder();
    const at = folder.path;
    await machine(at, [step("local", mark(at, "local")), step("online", mark(at, "online"), true)]);
    await put(at, "/proc/net/route", v4);
    await put(at, "/proc/net/ipv6_route", six);
    assert.equal(await boot(at), code);
    assert.equal(read(at, "/marks"), code === 0 ? "local\nonline\n" : "local\n");
  });
}

test("first boot keeps what its steps say for root alone", async () => {
  await using folder = await tempFolder();
  await machine(folder.path, [step("talks", "echo hello; echo oops >&2")]);
  await boot(folder.path);
  assert.match(read(folder.path, firstBootPaths.log), /hello\noops\n/);
  const mode = execFileSync("stat", ["-c", "%a", path.join(folder.path, firstBootPaths.log)], {
    encoding: "utf8",
  });
  assert.equal(mode, "600\n");
});

test("first boot's runner and unit are what their readers accept", async () => {
  await using folder = await tempFolder();
  for (const shell of shells) execFileSync(shell, ["-n"], { input: firstBootRunner });
  const unit = path.join(folder.path, "tpi-firstboot.service");
  writeFileSync(unit, firstBootUnit);
  execFileSync("systemd-analyze", ["verify", "--man=no", unit], { stdio: "pipe" });
});

test("packages come first, then the services that they bring, then what the system adds, then the commands", () => {
  const identity = {
    ...nobody,
    packages: ["nginx", "htop"],
    services: { enable: ["nginx", "cron"] },
    firstBoot: [step("greet", "echo hello")],
  };
  const files = new Map([["cron.service", { path: "/usr/lib/systemd/system/cron.service", text: "" }]]);
  const { now, later } = servicesByTime(identity, presented({}, { files }));
  assert.deepEqual(now.enable, ["cron"]);
  const extras = { packages: ["locales"], chores: [step("locale", "locale-gen")] };
  const steps = firstBootSteps(identity, { later, extras });
  assert.deepEqual(
    steps.map(({ name }) => name),
    ["packages", "services", "locale", "greet"],
  );
  assert.match(steps[0]?.run ?? "", /install -y locales nginx htop$/);
  assert.equal(steps[1]?.run, "systemctl enable --now nginx");
  execFileSync(sh, ["-n"], { input: steps.map(({ run }) => run).join("\n") });
});

test("first boot with nothing to do leaves nothing in the image", () => {
  assert.deepEqual(firstBootEdits(firstBootSteps(nobody, { later: {}, extras: {} })), []);
});
