import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { type Machine, type MachineSlot, virtual } from "../../lib/virtual.ts";
import { call, result } from "./wire.ts";

const small = { machines: "none", emmcBytes: 1 << 20 } as const;

/** Modules that print a line when they come up, and echo what is typed; `running` are those with power. */
function echoes() {
  const running = new Set<number>();
  const started: number[] = [];
  const machines = async ({ slot, module }: MachineSlot): Promise<Machine> => {
    const console = new PassThrough();
    running.add(slot);
    started.push(slot);
    console.write(`${module} boots in ${slot}\r\n`);
    const stop = async () => {
      running.delete(slot);
      console.end();
    };
    return { console, stop, write: (bytes) => void console.write(bytes) };
  };
  return { machines, running, started };
}

const settle = () => new Promise((done) => setImmediate(done));

test("power starts and ends machines, and leaves the slots alone that a call does not name", async () => {
  const { machines, running } = echoes();
  await using board = await virtual.board({ ...small, machines, modules: ["rk1", "cm4", undefined] });
  await call(board, "/api/bmc?opt=set&type=power&node1=1&node2=1&node3=1");
  assert.deepEqual([...running], [1, 2]);
  assert.deepEqual(await result(board, "opt=get&type=power"), [
    { node1: "1", node2: "1", node3: "1", node4: "0" },
  ]);
  await call(board, "/api/bmc?opt=set&type=power&node1=0");
  assert.deepEqual([...running], [2]);
  assert.equal((await call(board, "/api/bmc?opt=set&type=power")).status, 500);
  await board.stop();
  assert.deepEqual([...running], []);
});

test("reset runs a node that is off, and its state still reads 0", async () => {
  const { machines, started } = echoes();
  await using board = await virtual.board({ ...small, machines });
  await call(board, "/api/bmc?opt=set&type=reset&node=1");
  assert.deepEqual(started, [2]);
  assert.deepEqual(await result(board, "opt=get&type=power"), [
    { node1: "0", node2: "0", node3: "0", node4: "0" },
  ]);
});

test("the last of a repeated parameter wins, so that tpi's second request resets", async () => {
  const { machines, started } = echoes();
  await using board = await virtual.board({ ...small, machines });
  await call(board, "/api/bmc?opt=set&type=clear_usb_boot&node=3&opt=set&type=reset&node=3");
  assert.deepEqual(started, [4]);
});

test("a node that comes up with its boot pin high waits for USB and does not boot", async () => {
  const { machines, started } = echoes();
  await using board = await virtual.board({ ...small, machines });
  await call(board, "/api/bmc?opt=set&type=usb_boot&node=0");
  await call(board, "/api/bmc?opt=set&type=power&node1=1");
  assert.deepEqual(started, []);
  await call(board, "/api/bmc?opt=set&type=clear_usb_boot&node=0");
  await call(board, "/api/bmc?opt=set&type=reset&node=0");
  assert.deepEqual(started, [1]);
});

test("the UART keeps what a node printed, and types a line with its end", async () => {
  const { machines } = echoes();
  await using board = await virtual.board({ ...small, machines });
  await call(board, "/api/bmc?opt=set&type=power&node1=1");
  await call(board, "/api/bmc?opt=set&type=uart&node=0&cmd=echo+h%C3%A9");
  await settle();
  const read = async (more = "") =>
    JSON.parse((await call(board, `/api/bmc?opt=get&type=uart&node=0${more}`)).body).response[0].uart;
  assert.equal(await read(), "rk1 boots in 1\r\necho hé\r\n");
  assert.equal(await read(), "rk1 boots in 1\r\necho hé\r\n");
  assert.equal((await read("&encoding=utf16le")).length, 13);
});

test("the UART of firmware 2.0.5 is empty after it was read", async () => {
  const { machines } = echoes();
  await using board = await virtual.board({ ...small, machines, profile: "2.0.5" });
  await call(board, "/api/bmc?opt=set&type=power&node1=1");
  await settle();
  const bodies = [];
  for (const _ of [1, 2]) bodies.push((await call(board, "/api/bmc?opt=get&type=uart&node=0")).body);
  assert.deepEqual(bodies, ['{"response":[{"uart":"rk1 boots in 1\\r\\n"}]}', '{"response":[{"uart":""}]}']);
});

test("a module without an emulator says on its UART that it cannot boot", async () => {
  await using board = await virtual.board(small);
  await call(board, "/api/bmc?opt=set&type=power&node1=1");
  const { body } = await call(board, "/api/bmc?opt=get&type=uart&node=0");
  assert.match(body, /node 1 has power and cannot boot: modules cannot boot here/);
});

test("a module that is dead or mute has power and prints nothing", async () => {
  const { machines, started } = echoes();
  await using board = await virtual.board({ ...small, machines });
  board.faults.set({ deadSlots: [1], muteSlots: [2] });
  await call(board, "/api/bmc?opt=set&type=power&node1=1&node2=1");
  await settle();
  assert.deepEqual(started, [2]);
  for (const node of [0, 1]) {
    assert.equal(
      (await call(board, `/api/bmc?opt=get&type=uart&node=${node}`)).body,
      '{"response":[{"uart":""}]}',
    );
  }
});

test("power that lies says ok and switches nothing, and unknown power says so", async () => {
  const { machines, running } = echoes();
  await using board = await virtual.board({ ...small, machines });
  board.faults.set({ power: "lies" });
  await call(board, "/api/bmc?opt=set&type=power&node1=1");
  assert.equal(running.size, 0);
  assert.deepEqual(await result(board, "opt=get&type=power"), [
    { node1: "1", node2: "0", node3: "0", node4: "0" },
  ]);
  board.faults.set({ power: "unknown" });
  assert.deepEqual(
    Object.values(((await result(board, "opt=get&type=power")) as object[])[0] ?? {}),
    Array(4).fill("Unknown"),
  );
});

test("a stopped UART worker answers 500", async () => {
  await using board = await virtual.board(small);
  board.faults.set({ uartStopped: true });
  const { status, body } = await call(board, "/api/bmc?opt=get&type=uart&node=0");
  assert.deepEqual([status, body], [500, '{"response":[{"result":"serial worker not started"}]}']);
});

test("a reload forgets tokens and power-cycles the nodes that are on", async () => {
  const { machines, started } = echoes();
  await using board = await virtual.board({ ...small, machines });
  await call(board, "/api/bmc?opt=set&type=power&node1=1");
  const { body } = await call(board, "/api/bmc/authenticate", {
    method: "POST",
    body: '{"username":"root","password":"turing"}',
  });
  const authorization = `Bearer ${JSON.parse(body).id}`;
  await call(board, "/api/bmc?opt=set&type=reload");
  while (started.length < 2) await settle();
  const answer = await retried(() =>
    call(board, "/api/bmc?opt=get&type=power", { headers: { authorization } }),
  );
  assert.equal(answer.status, 401);
  assert.deepEqual(started, [1, 1]);
});

test("a reboot takes the power from the nodes and brings back those that were on, on the same ports", async () => {
  const { machines, running, started } = echoes();
  await using board = await virtual.board({ ...small, machines });
  await call(board, "/api/bmc?opt=set&type=power&node3=1");
  await call(board, "/api/bmc?opt=set&type=reboot");
  while (running.size > 0) await settle();
  while (started.length < 2) await settle();
  assert.deepEqual(started, [3, 3]);
  assert.equal((await retried(() => call(board, "/api/bmc?opt=get&type=power"))).status, 200);
});

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch {
      await settle();
    }
  }
}
