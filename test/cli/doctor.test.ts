import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { type Check, verdict } from "../../lib/cli/doctor.ts";
import { place } from "./tpix.ts";

const check = (change: Partial<Check>): Check => ({
  ...{ name: "xz", state: "fine", needed: false, found: "/usr/bin/xz", hint: "install it" },
  ...change,
});

test("the doctor hints only at what is missing, and counts only what is needed", () => {
  assert.equal(verdict([check({})]), "ok    xz  /usr/bin/xz\neverything needed is there\n");
  const missing = check({ state: "missing", found: "not installed" });
  assert.equal(
    verdict([missing]),
    "none  xz  not installed\n          install it\neverything needed is there\n",
  );
  assert.match(
    verdict([{ ...missing, needed: true }]),
    /^FAIL {2}xz[\s\S]*\n1 of what is needed is missing\n$/,
  );
});

test("tpix doctor is content without a board, and with one that answers", async (t) => {
  const { run } = await place(t);
  const alone = await run(["doctor"]).ended;
  assert.equal(alone.code, 0, alone.stdout + alone.stderr);
  assert.match(alone.stdout, /^ok {4}node +v\d+/);
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? String(address?.port) : "";
  const { code, stdout } = await run(["doctor"], { env: { TPI_HOST: "127.0.0.1", TPI_PORT: port } }).ended;
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^ok {4}board +127\\.0\\.0\\.1:${port}$`, "m"));
});

test("tpix doctor fails where a configured board does not answer", async (t) => {
  const { run } = await place(t);
  const { code, stdout } = await run(["doctor"], { env: { TPI_HOST: "127.0.0.1", TPI_PORT: "1" } }).ended;
  assert.equal(code, 1);
  assert.match(stdout, /^FAIL {2}board +127\.0\.0\.1:1 does not answer: .*ECONNREFUSED/m);
});
