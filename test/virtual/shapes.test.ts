import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "node:tls";
import { request } from "undici";
import { virtual } from "../../lib/virtual.ts";
import { bodies, small } from "./replies.ts";
import { bare, call, result } from "./wire.ts";

const edge = { ...small, profile: "2.3.7" } as const;

test("replies are those of the daemon, byte for byte", async () => {
  for (const on of new Set(bodies.map((one) => one.on))) {
    await using board = await virtual.board({ ...on, modules: 1 });
    for (const { query, status = 200, body } of bodies.filter((one) => one.on === on)) {
      const answer = await call(board, `/api/bmc?${query}`);
      assert.deepEqual([answer.status, answer.body], [status, body], `${JSON.stringify(on)} ${query}`);
    }
  }
});

const keys = {
  "2.0.5": ["api", "build_version", "buildroot", "buildtime", "version"],
  "2.1.0": [
    "api",
    "board_model",
    "board_revision",
    "build_version",
    "buildroot",
    "buildtime",
    "hostname",
    "version",
  ],
  "2.3.7": [
    "api",
    "bmcd_version",
    "board_model",
    "board_revision",
    "buildroot",
    "buildtime",
    "hostname",
    "version",
  ],
} as const;

test("about and other have the keys of their firmware, and strings only", async () => {
  for (const profile of ["2.0.5", "2.1.0", "2.3.7"] as const) {
    await using board = await virtual.board({ ...small, profile });
    const about = (await result(board, "opt=get&type=about")) as Record<string, string>;
    assert.deepEqual(Object.keys(about).sort(), keys[profile]);
    const other = (await result(board, "opt=get&type=other")) as readonly Record<string, string>[];
    assert.equal(other.length, 1);
    for (const value of Object.values(other[0] ?? {})) assert.equal(typeof value, "string");
    assert.equal(
      other[0]?.mac,
      { "2.0.5": "02:00:c0:ff:ee:02\n", "2.1.0": "Unknown", "2.3.7": "02:00:c0:ff:ee:02" }[profile],
    );
  }
});

test("transfer replies are plain text and ordinary ones JSON", async () => {
  await using board = await virtual.board(edge);
  const typeOf = async (query: string) => (await call(board, `/api/bmc?${query}`)).headers["content-type"];
  assert.equal(await typeOf("opt=get&type=flash"), "text/plain; charset=utf-8");
  assert.equal(await typeOf("opt=set&type=flash"), "text/plain; charset=utf-8");
  assert.equal(await typeOf("opt=get&type=power"), "application/json");
});

test("TLS ends at 1.2, with a certificate whose fingerprint is the one that was given", async () => {
  await using board = await virtual.board(small);
  const socket = connect({ host: board.host, port: board.httpsPort, rejectUnauthorized: false });
  await new Promise((done) => socket.once("secureConnect", done));
  assert.equal(socket.getProtocol(), "TLSv1.2");
  assert.equal(socket.getPeerX509Certificate()?.fingerprint256, board.fingerprint);
  socket.destroy();
});

test("port 80 redirects with the Host header as it came, and answers /info without a login", async () => {
  await using board = await virtual.board({ ...small, ports: { http: 0 } });
  const at = `http://${board.host}:${board.httpPort}`;
  const moved = await request(`${at}/api/bmc?opt=get&type=power`);
  await moved.body.dump();
  assert.equal(moved.statusCode, 308);
  assert.equal(
    moved.headers.location,
    `https://${board.host}:${board.httpPort}:443/api/bmc?opt=get&type=power`,
  );
  const info = await request(`${at}/info`);
  assert.equal(info.statusCode, 200);
  assert.ok(((await info.body.json()) as { response: unknown[] }).response);
});

test("node_info keeps what a change leaves out, and answers with an empty body", async () => {
  await using board = await virtual.board(small);
  const post = (body: string) =>
    call(board, "/api/bmc?opt=set&type=node_info", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
  const { status, body } = await post('{"Node2":{"name":"two","module_name":null}}');
  assert.deepEqual([status, body], [200, ""]);
  await post('{"Node2":{"uart_baud":9600}}');
  const nodes = (await result(board, "opt=get&type=node_info")) as readonly object[];
  assert.deepEqual(nodes[1], { module_name: null, name: "two", power_on_time: null, uart_baud: 9600 });
  assert.equal((await post("[]")).status, 400);
});

test("backup is a tar of the controller's files, and cooling is refused above its maximum", async () => {
  await using board = await virtual.board(small);
  const { headers, status } = await call(board, "/api/bmc/backup");
  assert.equal(status, 200);
  assert.match(
    String(headers["content-disposition"]),
    /^attachment; filename="tp2-backup-\d\d-\d\d-\d{4}\.tar\.gz"$/,
  );
  const set = (query: string) => call(board, `/api/bmc?opt=set&type=cooling&${query}`);
  assert.equal((await set("device=system+fan&speed=6")).status, 200);
  assert.equal((await set("device=system+fan&speed=7")).status, 500);
  assert.equal((await set("device=heater&speed=1")).status, 500);
  assert.deepEqual(await result(board, "opt=get&type=cooling"), [
    { device: "system fan", speed: 6, max_speed: 6 },
  ]);
});

test("serial status lists four workers, and a login to it is needed", async () => {
  await using board = await virtual.board(small);
  const status = await call(board, "/api/bmc/serial/status", { method: "POST" });
  assert.equal(status.body, '["Running","Running","Running","Running"]');
  assert.equal((await bare(board, "/api/bmc/serial/status", { method: "POST" })).status, 401);
});
