import assert from "node:assert/strict";
import { test } from "node:test";
import { desk } from "./desk.ts";

test("a mark separates what was on the console from what comes after a power cycle", async () => {
  await using own = await desk();
  const uart = own.bmc.uart(1);
  const before = await uart.mark();
  await own.bmc.on(1);
  const said = await uart.until(/\S+/, before).timeout("20s");
  assert.match(await uart.text(), new RegExp(said.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")));
});

test("output of firmware 2.0, which forgets what it has said, is not compared", async () => {
  await using own = await desk({ profile: "2.0.5" });
  const uart = own.bmc.uart(1);
  const before = await uart.mark();
  await own.bmc.on(1);
  assert.match(await uart.until(/\S+/, before).timeout("20s"), /\S/);
});

test("output goes on after the daemon was away", async () => {
  await using own = await desk();
  const stop = new AbortController();
  let pieces = 0;
  const reading = (async () => {
    for await (const _ of own.bmc.uart(1).output(stop.signal)) {
      pieces += 1;
      if (pieces === 1) own.board.faults.set({ daemonDown: true });
      if (pieces === 1) setTimeout(() => own.board.faults.set({ daemonDown: null }), 300);
      if (pieces === 3) stop.abort(new Error("seen enough"));
    }
  })();
  await assert.rejects(reading, (error) => stop.signal.aborted && error instanceof Error);
});

test("a dead UART worker is told in the controller's words", async () => {
  await using own = await desk();
  own.board.faults.set({ uartStopped: true });
  await assert.rejects(async () => await own.bmc.uart(1).text(), {
    code: "BMC_REFUSED",
    message: /get uart with 500/,
  });
});

test("write types a line", async () => {
  await using own = await desk();
  const typing = own.bmc.uart(1).write("root & more + 100 %");
  assert.deepEqual(
    typing.moves.map((move) => move.text),
    ["root & more + 100 % (and Enter) on its console"],
  );
  await typing;
});
