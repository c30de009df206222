import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { root } from "../core/script.ts";
import { place } from "./tpix.ts";

test("tpix board starts a board that outlives it, arms its faults, and ends it without a trace", async (t) => {
  const { folder, run } = await place(t);
  await using _down = { [Symbol.asyncDispose]: async () => void (await run(["board", "down"]).ended) };
  const up = await run(["board", "up", "--modules", "2"]).ended;
  assert.equal(up.code, 0, up.stderr);
  const [, host, port] = /https:\/\/([\d.]+):(\d+)/.exec(up.stdout) ?? [];
  assert.match(
    up.stdout,
    new RegExp(`^export TPI_HOST=${host} TPI_PORT=${port} TPI_USER=root TPI_PASSWORD=\\S+$`, "m"),
  );
  const again = await run(["board", "up"]).ended;
  assert.equal(again.stdout, up.stdout);
  assert.match(again.stderr, /a virtual board: nothing to do, one with 2 modules runs at/);
  assert.match(
    again.stderr,
    /^it has 2 modules; for 4: npx tpix board down, then npx tpix board up --modules 4$/m,
  );

  const desk = { TPI_CONFIG: path.join(folder, "home/state/desk/tpi.yaml") };
  const watched = run(["console", "1"], { env: desk });
  await writeFile(
    path.join(folder, "on.mts"),
    `import { node } from "${root}lib/tpi.ts";\nawait node(1).on();`,
  );
  assert.equal((await run(["run", "on.mts"], { env: desk }).ended).code, 0);
  await watched.heard("node 1 has power and cannot boot");
  watched.child.kill("SIGINT");
  const seen = await watched.ended;
  assert.equal(seen.code, 0);
  assert.match(seen.stderr, /^SIGINT: stopping[^\n]*\n$/);

  const armed = await run(["board", "faults", "module=missing", "stuck", "deadSlots=[1, 2]"]).ended;
  assert.deepEqual(JSON.parse(armed.stdout), { module: "missing", stuck: true, deadSlots: [1, 2] });
  const fewer = await run(["board", "faults", "module="]).ended;
  assert.deepEqual(JSON.parse(fewer.stdout), { stuck: true, deadSlots: [1, 2] });
  const wrong = await run(["board", "faults", "modul=missing"]).ended;
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /^tpi: .* no such fault: modul; nearest is module {2}FAULT_UNKNOWN$/m);
  const status = await run(["board", "status"]).ended;
  assert.match(status.stdout, new RegExp(`^https ${port}, ssh \\d+, process \\d+\n`));
  assert.match(status.stdout, /faults: \{"stuck":true,"deadSlots":\[1,2\]\}/);
  assert.equal((await run(["board", "faults", "clear"]).ended).stdout, "{}\n");

  const down = await run(["board", "down"]).ended;
  assert.equal(down.code, 0);
  assert.equal(down.stdout, `the virtual board at https://${host}:${port} has ended; its disks are gone\n`);
  assert.equal((await run(["board", "down"]).ended).stdout, "no virtual board ran\n");
  assert.equal(existsSync(path.join(folder, "home/state/board")), false);
  const gone = await run(["board", "status"]).ended;
  assert.equal(gone.code, 3);
  assert.match(gone.stderr, /VIRTUAL_DOWN/);
});

test("tpix board refuses a number of modules that no board has", async (t) => {
  const { run } = await place(t);
  const { code, stderr } = await run(["board", "up", "--modules", "5"]).ended;
  assert.equal(code, 2);
  assert.match(stderr, /5.*1, 2, 3, 4/);
});
