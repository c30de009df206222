import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Secret } from "../../lib/core/secret.ts";
import { desk } from "./desk.ts";

test("a wrong password is refused, and not tried again by this process", async () => {
  await using own = await desk();
  const wrong = () => own.client({ password: new Secret("not-the-one") });
  await assert.rejects(async () => await wrong().power(), {
    code: "BMC_AUTH",
    message: /credentials incorrect/,
  });
  for (let tries = 0; tries < 6; tries += 1) {
    await assert.rejects(async () => await wrong().power(), { code: "BMC_AUTH", message: /not tried again/ });
  }
  assert.equal((await own.bmc.power())[1], "off");
});

test("another certificate than the configured one is refused", async () => {
  await using own = await desk();
  const wrong = own.client({ fingerprint: `${"AB:".repeat(31)}AB` });
  await assert.rejects(async () => await wrong.power(), {
    code: "BMC_FINGERPRINT",
    message: /shows certificate/,
  });
});

test("the first certificate is recorded and a later one refused", async () => {
  await using own = await desk();
  await using other = await desk();
  await own.client({ fingerprint: undefined }).power();
  const file = path.join(own.state, "certificates");
  const line = `${own.board.host}:${own.board.httpsPort} ${own.board.fingerprint}\n`;
  assert.equal(readFileSync(file, "utf8"), line);
  await other.client({ fingerprint: undefined, state: own.state }).power();
  const { remember } = await import("../../lib/ssh.ts");
  await remember(file, { address: `127.0.0.1:${own.board.httpsPort}`, fingerprint: other.board.fingerprint });
  const changed = own.client({ fingerprint: undefined });
  await assert.rejects(async () => await changed.power(), {
    code: "BMC_FINGERPRINT",
    message: /certificates/,
  });
});

test("a board that is not there is unreachable", async () => {
  await using own = await desk();
  const gone = own.client({ port: 1 });
  await assert.rejects(async () => await gone.power(), {
    code: "BMC_UNREACHABLE",
    message: /connection refused/,
  });
});

test("a ban is told with its remaining time", async () => {
  await using own = await desk();
  own.board.faults.set({ banned: true });
  await assert.rejects(async () => await own.bmc.power(), { code: "BMC_BANNED", message: /for \d+/ });
});

test("an expired token is renewed without anybody noticing", async () => {
  await using own = await desk();
  await own.bmc.power();
  own.board.faults.set({ expireTokens: true });
  assert.equal((await own.bmc.power())[1], "off");
});

test("many requests at once log in once and come one after the other", async () => {
  await using own = await desk();
  const all = await Promise.all(Array.from({ length: 12 }, async () => await own.bmc.about()));
  assert.deepEqual(new Set(all.map((one) => one.version)).size, 1);
});

test("a request that was aborted in the queue does not hold the others up", async () => {
  await using own = await desk();
  await assert.rejects(async () => await own.bmc.uart(1).until("never").timeout("1s"), { code: "TIMED_OUT" });
  assert.equal((await own.bmc.power())[2], "off");
});
