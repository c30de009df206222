import assert from "node:assert/strict";
import { test } from "node:test";
import { type VirtualBoard, virtual } from "../../lib/virtual.ts";
import { type Answer, bare, call } from "./wire.ts";

const power = "/api/bmc?opt=get&type=power";
const login = (board: VirtualBoard, body: string): Promise<Answer> =>
  bare(board, "/api/bmc/authenticate", { method: "POST", body });
const tokenOf = async (board: VirtualBoard): Promise<string> =>
  JSON.parse((await login(board, '{"username":"root","password":"turing"}')).body).id;
const withToken = (board: VirtualBoard, token: string) =>
  bare(board, power, { headers: { authorization: `Bearer ${token}` } });
const wrongLogin = (board: VirtualBoard) => login(board, '{"username":"root","password":"nope"}');

const small = { machines: "none", emmcBytes: 1 << 20 } as const;

test("login answers a token of 64 letters and digits, in the body and in a header", async () => {
  await using board = await virtual.board(small);
  const { status, body, headers } = await login(board, '{"username":"root","password":"turing"}');
  assert.equal(status, 200);
  const session = JSON.parse(body);
  assert.match(session.id, /^[A-Za-z0-9]{64}$/);
  assert.deepEqual(session, {
    description: "User Session",
    id: session.id,
    name: "User Session",
    username: "root",
  });
  assert.equal(headers["x-auth-token"], session.id);
  assert.equal((await withToken(board, session.id)).status, 200);
});

test("requests without a good login are refused in the daemon's words", async () => {
  await using board = await virtual.board(small);
  const basic = 'Basic realm="Access to Baseboard Management Controller"';
  const cases = [
    { authorization: undefined, body: "no authorization header provided", challenge: basic },
    { authorization: "Basic !", body: "Invalid base64 credentials", challenge: basic },
    { authorization: `Basic ${btoa("root:x")}`, body: "credentials incorrect", challenge: basic },
    {
      authorization: "Digest x",
      body: "Digest authentication not supported",
      challenge: basic.slice("Basic ".length),
    },
    {
      authorization: "Bearer abc",
      body: "token abc is not registered",
      challenge: `Bearer ${basic.slice("Basic ".length)} error="invalid_token" error_description="token abc is not registered"`,
    },
  ];
  for (const { authorization, body, challenge } of cases) {
    const answer = await bare(board, power, { headers: authorization ? { authorization } : {} });
    assert.deepEqual(
      [answer.status, answer.body, answer.headers["www-authenticate"]],
      [401, body, challenge],
    );
  }
});

test("login refuses a wrong password, a missing field and a body that is not JSON with 403", async () => {
  await using board = await virtual.board(small);
  assert.deepEqual(await wrongLogin(board).then(({ status, body }) => [status, body]), [
    403,
    "credentials incorrect",
  ]);
  assert.match((await login(board, '{"username":"root"}')).body, /^missing field `password`/);
  assert.match((await login(board, "hello")).body, /^expected value/);
});

test("the fifth failure bans for a minute, the next one after it for two, and a good login resets the count", async () => {
  let now = 1_000_000;
  await using board = await virtual.board({ ...small, clock: () => now });
  const token = await tokenOf(board);
  for (let round = 0; round < 4; round += 1) await wrongLogin(board);
  assert.equal((await withToken(board, token)).status, 200);
  for (let round = 0; round < 5; round += 1)
    assert.equal((await wrongLogin(board)).body, "credentials incorrect");
  const banned = "Exceeded allowed authentication attempts. Access blocked for";
  assert.deepEqual(await withToken(board, token).then(({ status, body }) => [status, body]), [
    401,
    `${banned} 1m`,
  ]);
  now += 2;
  assert.deepEqual(await wrongLogin(board).then(({ status, body }) => [status, body]), [
    403,
    `${banned} 59s 998ms`,
  ]);
  now += 60_000;
  assert.equal((await wrongLogin(board)).body, "credentials incorrect");
  assert.equal((await wrongLogin(board)).body, `${banned} 2m`);
  now += 120_000;
  assert.equal((await withToken(board, token)).status, 200);
});

test("missing headers, bad base64 and unknown schemes count for no ban", async () => {
  await using board = await virtual.board(small);
  for (const authorization of ["", "Basic !", "Digest x", "Basic !", "Digest y", "Basic ?"]) {
    assert.equal((await bare(board, power, authorization ? { headers: { authorization } } : {})).status, 401);
  }
  assert.equal((await call(board, power)).status, 200);
});

test("a token lives three hours from its last use, and is forgotten when it has expired", async () => {
  let now = 0;
  await using board = await virtual.board({ ...small, clock: () => now });
  const token = await tokenOf(board);
  now += 10_799_000;
  assert.equal((await withToken(board, token)).status, 200);
  now += 10_799_000;
  assert.equal((await withToken(board, token)).status, 200);
  now += 10_805_000;
  assert.equal((await withToken(board, token)).body, "token expired 5s ago");
  assert.equal((await withToken(board, token)).body, `token ${token} is not registered`);
});

test("an exempt peer needs no login and gets no token", async () => {
  await using board = await virtual.board({ ...small, exempt: true });
  assert.equal((await bare(board, power)).status, 200);
  assert.match((await login(board, '{"username":"root","password":"turing"}')).body, /^<!doctype html>/);
});

test("the web page answers every path outside the API, after a login only on firmware 2.0.5", async () => {
  await using board = await virtual.board(small);
  assert.match((await bare(board, "/no/such/page")).body, /<!doctype html>/);
  assert.equal((await call(board, "/api/bmc", { method: "DELETE" })).status, 405);
  await using old = await virtual.board({ ...small, profile: "2.0.5" });
  assert.equal((await bare(old, "/")).status, 401);
});

test("the faults ban, expire tokens and answer polls with 401 on demand", async () => {
  await using board = await virtual.board(small);
  const token = await tokenOf(board);
  board.faults.set({ banned: true });
  assert.match((await withToken(board, token)).body, /^Exceeded allowed/);
  board.faults.set({ banned: null, unauthorizedPolls: 2 });
  const poll = "/api/bmc?opt=get&type=flash";
  const statuses = [await call(board, poll), await call(board, poll), await call(board, poll)].map(
    ({ status }) => status,
  );
  assert.deepEqual(statuses, [401, 401, 200]);
  board.faults.set({ expireTokens: true });
  assert.equal((await withToken(board, token)).body, "token expired 1s ago");
});
