// Runs test files: `board` is test/board and what takes long, `fast` is all else; further words pick files by a part of their path.
// It lists the files itself, because the runner of Node 20 knows no patterns.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const [suite = "fast", ...words] = process.argv.slice(2);
if (suite !== "fast" && suite !== "board") {
  process.stderr.write(`there is no suite "${suite}": fast, or board\n`);
  process.exit(2);
}

/** Machines that boot, engines that mount, disks of every kind, many kills, many thousand cases. */
const long = [
  "board/",
  "cache/card",
  "cache/crowd",
  "check/defects",
  "check/disk",
  "check/layouts",
  "cli/bases",
  "cli/board",
  "cli/cache",
  "cli/package",
  "cli/run",
  "cli/state",
  "core/ending",
  "disk/ext4-scripts",
  "disk/layouts",
  "disk/reshape",
  "disk/root-size",
  "disk/times",
  "disk/zero-free",
  "fuzz/",
  "image/base",
  "image/build",
  "image/edits",
  "image/engines",
  "image/large-file",
  "image/layouts",
  "image/modify",
  "image/output",
  "image/page",
  "image/room",
  "image/run",
  "image/sealed",
  "image/stranger",
  "os/direct",
  "os/nocloud",
  "os/rendering",
  "recipes/",
  "toolbox/",
  "virtual/daemon",
  "xz/malformed",
].map((name) => path.join("test", name));
const takesLong = (file) => long.some((name) => file.startsWith(name));
const files = readdirSync(path.join(root, "test"), { recursive: true })
  .map((name) => path.join("test", String(name)))
  .filter((file) => file.endsWith(".test.ts") && takesLong(file) === (suite === "board"))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  process.stderr.write(`no test file of the suite ${suite} has ${words.join(" or ")} in its path\n`);
  process.exit(2);
}

const timeout = suite === "fast" ? 600_000 : 1_800_000; // only against a hang: nothing depends on speed
const flags = [
  "--import",
  "tsx",
  "--test",
  `--test-concurrency=${suite === "fast" ? 2 : 1}`,
  `--test-timeout=${timeout}`,
];
const reporter = process.stdout.isTTY ? [] : ["--test-reporter=spec"];
const child = spawn(process.execPath, [...flags, ...reporter, ...files], { cwd: root, stdio: "inherit" });
for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => child.kill(name));
child.on("close", (code, signal) => {
  process.exitCode = signal ? 130 : (code ?? 1);
});
