import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { generate } from "selfsigned";
import { tempFolder } from "../disk/tools.ts";
import { proxy } from "./proxy.ts";

const content = Buffer.from("a disk, more or less");
const sha256 = createHash("sha256").update(content).digest("hex");
const sha512 = createHash("sha512").update(content).digest("hex");
const answers = new Map<string, string | Buffer>();
const asked: string[] = [];

let folder: Awaited<ReturnType<typeof tempFolder>>;
let server: ReturnType<typeof createServer>;
let url: string;

before(async () => {
  folder = await tempFolder();
  const altNames = [{ type: 7 as const, ip: "127.0.0.1" }];
  const pems = await generate([{ name: "commonName", value: "127.0.0.1" }], {
    extensions: [{ name: "subjectAltName", altNames }],
  });
  writeFileSync(path.join(folder.path, "ca.pem"), pems.cert);
  server = createServer({ key: pems.private, cert: pems.cert }, (request, response) => {
    asked.push(request.url ?? "");
    const answer = answers.get(request.url ?? "");
    response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await folder[Symbol.asyncDispose]();
});

/** Fetches in a process that trusts the server, for Node reads its certificates when it starts. */
async function fetchOne(
  home: string | { readonly home: string; readonly proxy: string },
  ...words: readonly string[]
): Promise<{ stdout: string; stderr: string; ok: boolean }> {
  const env = {
    ...process.env,
    NODE_EXTRA_CA_CERTS: path.join(folder.path, "ca.pem"),
    TPI_HOME: path.join(folder.path, typeof home === "string" ? home : home.home),
    ...(typeof home === "string" ? {} : { HTTPS_PROXY: home.proxy }),
  };
  const script = ["--import", "tsx", path.join(import.meta.dirname, "fetch-one.ts")];
  return promisify(execFile)(process.execPath, [...script, ...words], { env }).then(
    (out) => ({ ...out, ok: true }),
    (error: { stdout: string; stderr: string }) => ({ ...error, ok: false }),
  );
}

test("a download over TLS without a digest tells the digest to pin", async () => {
  answers.set("/os.img", content);
  const { stdout, stderr } = await fetchOne("one", `${url}/os.img`);
  assert.equal(stdout.trim(), sha256);
  assert.match(stderr, new RegExp(`${sha256}: pin it`));
});

test("a download is checked against the list beside it, and against what the list said last where it is gone", async () => {
  answers.set("/os.img", content);
  answers.set("/SHA512SUMS", `${sha512}  os.img\n${"0".repeat(128)}  other.img\n`);
  const words = [`${url}/os.img`, `${url}/SHA512SUMS`];
  assert.equal((await fetchOne("two", ...words)).stdout.trim(), sha256);
  answers.delete("/SHA512SUMS");
  asked.length = 0;
  const again = await fetchOne("two", ...words);
  assert.equal(again.stdout.trim(), sha256);
  assert.match(again.stderr, /said last holds/);
  assert.deepEqual(asked, ["/SHA512SUMS"]);
});

test("a download that the list contradicts is refused, and one that it does not name", async () => {
  answers.set("/os.img", content);
  answers.set("/wrong", `${"0".repeat(64)}  os.img\n`);
  answers.set("/other", `${sha256}  x.img\n${sha256}  y.img\n`);
  const wrong = await fetchOne("three", `${url}/os.img`, `${url}/wrong`);
  assert.match(wrong.stderr, /IMAGE_DIGEST/);
  const other = await fetchOne("three", `${url}/os.img`, `${url}/other`);
  assert.match(other.stderr, /DOWNLOAD_UNLISTED/);
  assert.ok(!wrong.ok && !other.ok);
});

test("a download over TLS by way of HTTPS_PROXY is a tunnel through the proxy, with its list of digests", async () => {
  answers.set("/os.img", content);
  answers.set("/os.img.sha256", `${sha256}  os.img\n`);
  await using gate = await proxy();
  const words = [`${url}/os.img`, `${url}/os.img.sha256`];
  const { stdout, stderr } = await fetchOne({ home: "four", proxy: gate.url }, ...words);
  assert.equal(stdout.trim(), sha256, stderr);
  assert.deepEqual([...new Set(gate.asked)], [new URL(url).host]);
});
