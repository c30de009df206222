import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { bases } from "../../lib/cache.ts";
import { isFault } from "../../lib/core/fault.ts";
import { ambient, narrowed, type Scope } from "../../lib/core/scope.ts";
import { type Fetched, fetched } from "../../lib/download/fetch.ts";
import type { RemoteBase } from "../../lib/download.ts";
import { tempFolder } from "../disk/tools.ts";
import { type Manner, type Origin, origin } from "./origin.ts";
import { proxy } from "./proxy.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;
let server: Origin;

before(async () => {
  folder = await tempFolder();
  process.env.TPI_HOME = folder.path;
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});
beforeEach(async () => {
  rmSync(path.join(folder.path, "cache"), { recursive: true, force: true });
  mkdirSync(path.join(folder.path, "cache"));
  await server?.[Symbol.asyncDispose]();
  server = await origin();
  server.arrived = arrived;
});

const quick = { backOff: 1, retries: 3 };
const scope = (signal = ambient().signal) => narrowed(ambient(), { signal, subject: "test" });
const pinned = (): RemoteBase => ({ url: `${server.url}/os.img.xz`, sha256: server.sha256 });
const fetch = (remote = pinned()): Promise<Fetched> => fetched(remote, scope(), quick);
const left = () => readdirSync(path.join(folder.path, "cache"), { recursive: true }).map(String);
const arrived = (): number => {
  const part = left().find((name) => name.endsWith(".part"));
  return part ? statSync(path.join(folder.path, "cache", part)).size : 0;
};
const ranges = () => server.asked.map(({ range }) => range);

async function isServed(file: Fetched): Promise<void> {
  assert.equal(file.sha256, server.sha256);
  assert.ok(readFileSync(file.path).equals(server.content));
  assert.deepEqual(
    left().filter((name) => /\.(part|lock|json\.part)/.test(name)),
    [],
  );
}

test("a download lands in the cache under its name, and is fetched once", async () => {
  const first = await fetch();
  assert.equal(path.basename(first.path), "os.img.xz");
  await isServed(first);
  assert.deepEqual(await fetch(), first);
  assert.equal(server.asked.length, 1);
});

test("a download of the catalogue is listed and removed by the catalogue's key, also where it came by its address", async () => {
  await fetch();
  const key = "baseimg:ubuntu:22.04:rk1";
  const { path: file } = await fetch({ ...pinned(), key });
  assert.equal(server.asked.length, 1);
  const [listed, ...more] = await bases().list();
  assert.deepEqual([listed?.key, listed?.what, more.length], [key, "download", 0]);
  assert.deepEqual(await bases().verify(), []);
  await bases().delete(key);
  assert.deepEqual(await bases().list(), []);
  assert.equal(existsSync(path.dirname(file)), false);
});

const troubles: readonly (readonly [
  title: string,
  manners: readonly Manner[],
  ranges: readonly unknown[],
])[] = [
  ["a cut connection", [{ cutAfter: 100_000 }], [undefined, "bytes=100000-"]],
  [
    "two cut connections",
    [{ cutAfter: 100_000 }, { cutAfter: 50_000 }],
    [undefined, "bytes=100000-", "bytes=150000-"],
  ],
  [
    "a busy server",
    [{ status: 503 }, { status: 429, headers: { "retry-after": "0" } }],
    [undefined, undefined, undefined],
  ],
  [
    "a range that was not asked for",
    [{ cutAfter: 100_000 }, { rangeFrom: 10 }],
    [undefined, "bytes=100000-", undefined],
  ],
  ["a server without ranges", [{ cutAfter: 100_000 }, { whole: true }], [undefined, "bytes=100000-"]],
  [
    "a file that was replaced meanwhile",
    [{ cutAfter: 100_000, etag: '"old"' }],
    [undefined, "bytes=100000-"],
  ],
  ["an unusable range", [{ cutAfter: 100_000 }, { status: 416 }], [undefined, "bytes=100000-", undefined]],
];

for (const [title, manners, wanted] of troubles) {
  test(`a download survives ${title}`, async () => {
    server.manners.push(...manners);
    await isServed(await fetch());
    assert.deepEqual(ranges(), wanted);
  });
}

test("a download that was replaced by other bytes of the same length is thrown away and refused", async () => {
  server.manners.push({ cutAfter: 100_000, body: Buffer.alloc(300_000, 7) });
  await assert.rejects(fetch(), (error) => isFault(error, "IMAGE_DIGEST"));
  assert.deepEqual(
    left().filter((name) => name.startsWith(path.join("downloads")) && /part|os\.img/.test(name)),
    [],
  );
  await isServed(await fetch());
});

test("a download gives up a server that is silent, and goes on where it stopped", async () => {
  server.manners.push({ stallAfter: 100_000 });
  await isServed(await fetched(pinned(), scope(), { ...quick, silence: 300 }));
  assert.deepEqual(ranges(), [undefined, "bytes=100000-"]);
});

test("a download that was stopped is continued by the next run", async () => {
  server.manners.push({ stallAfter: 100_000 });
  const controller = new AbortController();
  const stopped = fetched(pinned(), scope(controller.signal), quick);
  while (arrived() < 100_000) await new Promise(setImmediate);
  controller.abort(new Error("stopped"));
  await assert.rejects(stopped, /stopped/);
  await isServed(await fetch());
  assert.deepEqual(ranges(), [undefined, "bytes=100000-"]);
});

const refusals: readonly (readonly [
  title: string,
  code: string,
  how: { manners?: readonly Manner[]; remote?: () => RemoteBase },
])[] = [
  ["a file that is not there", "DOWNLOAD_FAILED", { manners: [{ status: 404 }] }],
  [
    "a server that stays busy",
    "DOWNLOAD_FAILED",
    { manners: Array.from({ length: 9 }, () => ({ status: 503 })) },
  ],
  [
    "endless redirects",
    "DOWNLOAD_FAILED",
    { manners: Array.from({ length: 99 }, () => ({ status: 302, headers: { location: "/again" } })) },
  ],
  ["another length than said", "DOWNLOAD_SIZE", { remote: () => ({ ...pinned(), size: 1234 }) }],
  ["another digest than said", "IMAGE_DIGEST", { remote: () => ({ ...pinned(), sha256: "0".repeat(64) }) }],
  ["plain HTTP without a digest", "DOWNLOAD_UNSAFE", { remote: () => ({ url: `${server.url}/os.img.xz` }) }],
  [
    "digests over plain HTTP",
    "DOWNLOAD_UNSAFE",
    { remote: () => ({ url: `${server.url}/os.img.xz`, sums: `${server.url}/SHA256SUMS` }) },
  ],
  [
    "a port where nobody listens",
    "DOWNLOAD_FAILED",
    { remote: () => ({ ...pinned(), url: "http://127.0.0.1:1/os.img" }) },
  ],
];

for (const [title, code, { manners = [], remote }] of refusals) {
  test(`a download is refused for ${title}`, async () => {
    server.manners.push(...manners);
    await assert.rejects(fetch((remote ?? pinned)()), (error) => isFault(error) && error.code === code);
    assert.deepEqual(
      left().filter((name) => name.endsWith("os.img.xz") || name.endsWith(".lock")),
      [],
    );
  });
}

test("a busy server is asked four times and no more", async () => {
  server.manners.push(...Array.from({ length: 9 }, () => ({ status: 503 })));
  await assert.rejects(fetch());
  assert.equal(server.asked.length, 4);
});

test("what helps is said: another run where a server is busy, and the address where there is no such file", async () => {
  server.manners.push({ status: 404 });
  await assert.rejects(fetch(), (error) => isFault(error) && /^check the address/.test(error.hint));
  server.manners.push({ status: 503 });
  const said: string[] = [];
  await fetched(pinned(), { ...scope(), say: (line) => said.push(line) }, { ...quick, backOff: 200 });
  assert.match(said.join("\n"), /the server answers 503: try 2 of 4, in 0\.2 s$/);
});

test("a redirect is followed", async () => {
  server.manners.push({ status: 302, headers: { location: "/elsewhere/x" } });
  await isServed(await fetch());
  assert.deepEqual(
    server.asked.map((one) => one.path),
    ["/os.img.xz", "/elsewhere/x"],
  );
});

test("a file that was damaged in the cache is noticed and fetched again", async () => {
  const { path: file } = await fetch();
  writeFileSync(file, Buffer.alloc(server.content.length));
  utimesSync(file, 1, 1);
  await isServed(await fetch());
  assert.equal(server.asked.length, 2);
});

test("two downloads of one file at once are one download", async () => {
  const [one, two] = await Promise.all([fetch(), fetch()]);
  assert.deepEqual(one, two);
  assert.equal(server.asked.length, 1);
});

test("a mirror is asked for the file below the name of its host", async () => {
  process.env.TPI_MIRROR = `${server.url}/images/`;
  try {
    await isServed(await fetch({ ...pinned(), url: "https://no.such.host/a/os.img.xz" }));
  } finally {
    delete process.env.TPI_MIRROR;
  }
  assert.deepEqual(
    server.asked.map((one) => one.path),
    ["/images/no.such.host/a/os.img.xz"],
  );
});

test("a download by way of HTTP_PROXY goes through the proxy, and past it for what NO_PROXY names", async () => {
  await using gate = await proxy();
  process.env.http_proxy = gate.url;
  try {
    await isServed(await fetch());
    assert.deepEqual(gate.asked, [new URL(server.url).host]);
    rmSync(path.join(folder.path, "cache/downloads"), { recursive: true });
    process.env.no_proxy = "127.0.0.1";
    await isServed(await fetch());
    assert.equal(gate.asked.length, 1);
  } finally {
    delete process.env.http_proxy;
    delete process.env.no_proxy;
  }
});

test("a download whose proxy does not answer is refused, and does not go past it", async () => {
  process.env.http_proxy = "http://127.0.0.1:1";
  try {
    await assert.rejects(fetch(), (error) => isFault(error, "DOWNLOAD_FAILED"));
    assert.equal(server.asked.length, 0);
  } finally {
    delete process.env.http_proxy;
  }
});

test("a download shows how far it is of the size that the server tells, also where it goes on", async () => {
  const shown: { total: number | undefined; done: number; notes: string[]; ended: boolean }[] = [];
  const meter: Scope["meter"] = (_label, total) => {
    const one = { total, done: 0, notes: [] as string[], ended: false };
    shown.push(one);
    return {
      add: (bytes) => {
        one.done += bytes;
      },
      at: (done) => {
        one.done = done;
      },
      from: (done) => {
        one.done = done;
      },
      note: (text) => void one.notes.push(text),
      end: () => {
        one.ended = true;
      },
    };
  };
  server.manners.push({ cutAfter: 100_000 });
  await isServed(await fetched(pinned(), { ...scope(), meter }, quick));
  const [one, ...others] = shown;
  assert.deepEqual(others, []);
  assert.deepEqual([one?.total, one?.done, one?.ended], [300_000, 300_000, true]);
  assert.match(one?.notes.join() ?? "", /after 100 kB/);
});

test("a list of digests comes from the mirror too, which has to speak TLS for that", async () => {
  process.env.TPI_MIRROR = server.url;
  try {
    const remote = { url: "https://no.such.host/os.img.xz", sums: "https://no.such.host/SHA256SUMS" };
    await assert.rejects(fetch(remote), (error) => isFault(error, "DOWNLOAD_UNSAFE"));
  } finally {
    delete process.env.TPI_MIRROR;
  }
});

test("a digest of the content is what names a download, whatever its address", async () => {
  await fetch();
  await fetch({ ...pinned(), url: `${server.url}/mirror/os.img.xz` });
  assert.equal(server.asked.length, 1);
  assert.equal(createHash("sha256").update(server.content).digest("hex"), server.sha256);
});
