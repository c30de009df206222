import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { board } from "../../lib/board.ts";
import { ambient } from "../../lib/core/scope.ts";
import { heldBoard } from "../../lib/flash/held.ts";
import { virtual } from "../../lib/virtual.ts";

const home = mkdtempSync(path.join(tmpdir(), "tpi-held-"));
process.env.TPI_HOME = home;
after(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

test("a flash that begins while another of its run gives the board back is not refused by its own run", async () => {
  await using far = await virtual.board({ modules: 2, machines: "none" });
  const { host, httpsPort: port, sshPort, fingerprint, sshHostKey, password } = far;
  const own = board({
    board: { host, port, password, fingerprint, ssh: { port: sshPort, hostKey: sshHostKey } },
    nodes: { 1: { module: "rk1", hostname: "cp1", address: "10.10.88.71" } },
    network: { subnet: "10.10.88.0/24", gateway: "10.10.88.1" },
  });
  const first = await heldBoard(own.node(1), ambient());
  const given = first[Symbol.asyncDispose]();
  const second = await heldBoard(own.node(1), ambient());
  await given;
  assert.equal(second.signal.aborted, false);
  await second[Symbol.asyncDispose]();
  await own.bmc.close();
});
