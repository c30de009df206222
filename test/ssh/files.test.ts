import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { cmd } from "../../lib/core/cmd.ts";
import { closeAll, ssh } from "../../lib/ssh.ts";
import { type Sshd, sshd, unable } from "./sshd.ts";

const { signal } = new AbortController();
const options = { skip: unable };
const data = randomBytes(8_000_003);
let server: Sshd;

before(async () => {
  if (!unable) server = await sshd();
});
after(async () => {
  closeAll();
  await server?.[Symbol.asyncDispose]();
});

const home = () => `${server.folder}/home`;
const local = () => {
  const file = `${server.folder}/local.bin`;
  writeFileSync(file, data);
  return file;
};
const parts = (start: string) => readdirSync(home()).filter((name) => name.startsWith(start));
/** A meter that keeps what it is told; `full` runs when more than half has been sent. */
const counter = (total: number, half: () => unknown = () => undefined) => {
  const seen = { done: 0 };
  const meter = {
    add: (amount: number) => {
      seen.done += amount;
      if (seen.done > total / 2) half();
    },
    at: (done: number) => (seen.done = done),
    from: (done: number) => (seen.done = done),
    note: () => undefined,
    end: () => undefined,
  };
  return { seen, meter };
};

test("put writes a file whole, with its mode, and counts the bytes", options, async () => {
  const { seen, meter } = counter(data.length);
  await ssh(server.target()).put(local(), `${home()}/a file`, { signal, mode: 0o600, meter });
  assert.ok(readFileSync(`${home()}/a file`).equals(data));
  assert.equal(statSync(`${home()}/a file`).mode & 0o777, 0o600);
  assert.equal(seen.done, data.length);
});

test("put takes bytes, and an empty file", options, async () => {
  const node = ssh(server.target());
  await node.put(new TextEncoder().encode("text"), `${home()}/text`, { signal });
  await node.put(new Uint8Array(), `${home()}/empty`, { signal });
  assert.equal(readFileSync(`${home()}/text`, "utf8"), "text");
  assert.equal(statSync(`${home()}/empty`).size, 0);
});

test("put that is cut off leaves the old file and no part", options, async () => {
  const node = ssh(server.target());
  writeFileSync(`${home()}/kept`, "old");
  const stop = new AbortController();
  const { meter } = counter(data.length, () => stop.abort(new Error("enough")));
  await assert.rejects(node.put(local(), `${home()}/kept`, { signal: stop.signal, meter }), /enough/);
  while (parts("kept.").length > 0) await node.exec(cmd`true`, { signal });
  assert.equal(readFileSync(`${home()}/kept`, "utf8"), "old");
});

test("put goes on where a lost connection has left it", options, async () => {
  const node = ssh(server.target());
  const file = { resume: true, signal };
  const arrived = () => parts("long.").some((name) => statSync(`${home()}/${name}`).size > 0);
  const cutting = counter(data.length, () => arrived() && server.cut()).meter; // half of it fits into buffers on the way
  await assert.rejects(node.put(local(), `${home()}/long`, { ...file, meter: cutting }), {
    code: "SSH_DROPPED",
  });
  const { seen, meter } = counter(data.length);
  const from: number[] = [];
  const marked = { ...meter, from: (done: number) => void from.push(meter.from(done)) };
  await node.put(`${server.folder}/local.bin`, `${home()}/long`, { ...file, meter: marked });
  assert.ok(readFileSync(`${home()}/long`).equals(data));
  assert.ok(
    from.every((done) => done > 0 && done < data.length),
    `it began at ${from.join()}`,
  );
  assert.equal(seen.done, data.length);
});

test("put into a folder that cannot be written says why", options, async () => {
  const to = "/proc/nothing/here";
  await assert.rejects(ssh(server.target()).put(new Uint8Array(9), to, { signal }), {
    code: "SSH_TRANSFER",
    message: /node1 was not written: .*(No such file|nonexistent)/,
  });
});

test("get reads into memory, and fetch into a file", options, async () => {
  const node = ssh(server.target());
  writeFileSync(`${home()}/source`, data);
  chmodSync(`${home()}/source`, 0o644);
  assert.ok((await node.get(`${home()}/source`, { signal })).equals(data));
  await node.fetch(`${home()}/source`, `${server.folder}/deep/copy`, { signal });
  assert.ok(readFileSync(`${server.folder}/deep/copy`).equals(data));
});

test("fetch of a missing file leaves nothing behind", options, async () => {
  const node = ssh(server.target());
  const work = node.fetch(`${home()}/missing`, `${server.folder}/none/copy`, { signal });
  await assert.rejects(work, { code: "COMMAND_FAILED", message: /No such file/ });
  assert.deepEqual(readdirSync(`${server.folder}/none`), []);
});

test("sftp lends a session", options, async () => {
  const names = await ssh(server.target()).sftp(
    (session) =>
      new Promise<string[]>((resolve, reject) => {
        session.readdir(home(), (error, list) =>
          error ? reject(error) : resolve(list.map((one) => one.filename)),
        );
      }),
    { signal },
  );
  assert.ok(names.includes("source"));
});
