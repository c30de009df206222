import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { cmd } from "../../lib/core/cmd.ts";
import { Secret } from "../../lib/core/secret.ts";
import { closeAll, type SshTarget, ssh } from "../../lib/ssh.ts";
import { type Sshd, sshd, stalePassword, unable } from "./sshd.ts";

const { signal } = new AbortController();
const options = { skip: unable };
const state = mkdtempSync(path.join(tmpdir(), "tpi-known-"));
let server: Sshd;

before(async () => {
  if (!unable) server = await sshd();
});
after(async () => {
  closeAll();
  rmSync(state, { recursive: true });
  await server?.[Symbol.asyncDispose]();
});

const tries = (target: SshTarget) => ssh(target).exec(cmd`true`, { signal });

test("a wrong password is refused once, and says what the server takes", options, async () => {
  const wrong = server.target({ password: new Secret("not the password") });
  await assert.rejects(tries(wrong), {
    code: "SSH_AUTH",
    message: /tried the password, it takes publickey, password/,
  });
});

test("a key from a file logs in", options, async () => {
  assert.equal((await tries(server.target({ keys: [`${server.folder}/id`] }))).code, 0);
});

test("a key given as text logs in", options, async () => {
  const pem = new Secret(readFileSync(`${server.folder}/id`, "utf8"));
  assert.equal((await tries(server.target({ keys: [pem] }))).code, 0);
});

test("a file that holds no private key is named", options, async () => {
  const wrong = server.target({ keys: [`${server.folder}/id.pub`] });
  await assert.rejects(tries(wrong), { code: "SSH_KEY_UNUSABLE", message: /id\.pub .* it is a public key/ });
});

test("another host key than the pinned one is refused before the password is sent", options, async () => {
  const wrong = server.target({ hostKey: { kind: "pinned", fingerprint: "SHA256:else" } });
  await assert.rejects(tries(wrong), {
    code: "SSH_HOST_KEY",
    message: /shows host key SHA256:.*not SHA256:else/,
  });
});

test(
  "a first contact is recorded, and a change after it refused until it is forgotten",
  options,
  async () => {
    const file = path.join(state, "hosts");
    const target = server.target({ hostKey: { kind: "first-contact", file } });
    await tries(target);
    assert.equal(readFileSync(file, "utf8"), `127.0.0.1:${server.port} ${server.fingerprint}\n`);
    await using other = await sshd([`HostKey ${server.folder}/host`]);
    const moved = { ...target, port: other.port };
    const record = `127.0.0.1:${other.port} SHA256:another\n`;
    (await import("node:fs")).appendFileSync(file, record);
    await assert.rejects(tries(moved), { code: "SSH_HOST_KEY" });
    await ssh(moved).forgetHostKey();
    assert.equal((await tries(moved)).code, 0);
  },
);

test("a machine that does not answer is unreachable", options, async () => {
  await assert.rejects(tries(server.target({ port: 1 })), {
    code: "SSH_UNREACHABLE",
    message: /127\.0\.0\.1:1: connection refused/,
  });
});

test(
  "an expired password is told, changed in its dialog, and then known to be changed",
  options,
  async () => {
    const stale = server.target({ user: "stale", password: new Secret(stalePassword) });
    await assert.rejects(tries(stale), { code: "PASSWORD_EXPIRED" });
    const change = { from: new Secret(stalePassword), to: new Secret("Tr1cky-horse-staple"), signal };
    const weak = { ...change, to: new Secret("abc") };
    await assert.rejects(ssh(stale).changeExpiredPassword(weak), { code: "PASSWORD_REFUSED" });
    assert.equal(await ssh(stale).changeExpiredPassword(change), "changed");
    assert.equal(await ssh(stale).changeExpiredPassword(change), "already");
  },
);

test("a password that has not expired is left alone", options, async () => {
  const change = { from: new Secret("a-password-of-ops"), to: new Secret("another one"), signal };
  await assert.rejects(ssh(server.target()).changeExpiredPassword(change), {
    code: "PASSWORD_REFUSED",
    message: /has not expired/,
  });
});
