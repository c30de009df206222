import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, unlinkSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { type Code, isFault } from "../../lib/core/fault.ts";
import { Secret } from "../../lib/core/secret.ts";
import type { Image } from "../../lib/image.ts";
import { must } from "../disk/fixture.ts";
import { type Bench, bench, debugfs, idOf, tenant } from "./bench.ts";

let own: Bench;
let base: Image;

before(async () => {
  own = await bench();
  base = own.base;
});
after(() => own.remove());

const refuses = (work: () => unknown, code: Code) =>
  assert.rejects(
    async () => await work(),
    (error) => isFault(error, code) && error.hint !== "",
  );

test("every word about files has its effect, and the file systems are sound", async () => {
  const tree = own.file("tree/run.sh", "#!/bin/sh\n");
  chmodSync(tree, 0o750);
  own.file("tree/deep/data", "data");
  symlinkSync("../run.sh", path.join(own.folder, "tree/deep/link"));
  const out = path.join(own.folder, "all.img.xz");
  const said = base
    .write("/opt/new/a", "a\n", { mode: 0o2640, owner: "ops:video" })
    .append("/opt/new/a", "b\n")
    .write("/etc/shadow", "root:!:1::::::\n")
    .copy(path.join(own.folder, "tree"), "/srv", { owner: "ops" })
    .copy(path.join(own.folder, "tree/deep/data"), "/srv/one", { mode: 0o600 })
    .template("{{hostname}} {{word}} {{ address }}\n", "/etc/issue", { word: new Secret("sesame") })
    .mkdir("/data/x", { mode: 0o700 })
    .symlink("/usr/share/zoneinfo/UTC", "/etc/localtime")
    .symlink("../other", "/etc/localtime")
    .remove("/etc/hostname")
    .remove("/no/such", { ifPresent: true })
    .edit("/etc/hosts", (text) => text.replace("ubuntu", "cp1"))
    .write("/note", "seed\n", { volume: "seed" })
    .epoch(1_600_000_000)
    .for(tenant("cp1"));
  await said.save(out);
  await must("xz", "-dk", out);
  const root = { path: out.slice(0, -3), start: own.fixture.root.start };
  await must("e2fsck", "-fn", `${root.path}?offset=${root.start}`);
  const facts = async (at: string) => {
    const text = await debugfs(root, `stat ${at}`);
    const [, mode] = /Mode:\s+(\d+)/.exec(text) ?? [];
    const [, user, group] = /User:\s+(\d+)\s+Group:\s+(\d+)/.exec(text) ?? [];
    return `${mode} ${user}:${group}${/mtime: 0x5f5e1000/.test(text) ? "" : " at another time"}`;
  };
  assert.equal(await debugfs(root, "cat /opt/new/a"), "a\nb\n");
  assert.equal(await facts("/opt/new/a"), "02640 1000:44");
  assert.equal(await facts("/opt/new"), "0755 0:0");
  assert.equal(await facts("/etc/shadow"), "0640 0:0");
  assert.equal(await facts("/srv/run.sh"), "0750 1000:1001");
  assert.equal(await facts("/srv/deep/data"), "0644 1000:1001");
  assert.match(await debugfs(root, "stat /srv/deep/link"), /Fast link dest: "\.\.\/run\.sh"/);
  assert.equal(await facts("/srv/one"), "0600 0:0");
  assert.equal(await debugfs(root, "cat /etc/issue"), "cp1 sesame 10.9.8.7\n");
  assert.equal(await facts("/data/x"), "0700 0:0");
  assert.match(await debugfs(root, "stat /etc/localtime"), /Fast link dest: "\.\.\/other"/);
  assert.equal(await debugfs(root, "cat /etc/hosts"), "127.0.0.1 localhost\n127.0.1.1 cp1\n");
  assert.ok(!(await said.list("/etc")).includes("hostname"));
  assert.equal(await said.exists("/note"), false);
  assert.equal(await said.read("/note", { volume: "seed" }), "seed\n");
});

test("an image can be looked into as it would be made", async () => {
  const said = base.write("/srv/a", "text\n", { mode: 0o600 });
  assert.equal(await said.read("/srv/a"), "text\n");
  assert.deepEqual(await said.bytes("/srv/a"), new TextEncoder().encode("text\n"));
  assert.deepEqual(await said.list("/srv"), ["a"]);
  const { kind, mode, size } = await said.stat("/srv/a");
  assert.deepEqual({ kind, mode, size }, { kind: "file", mode: 0o600, size: 5 });
  const linked = said.symlink("nowhere", "/srv/link").mkdir("/srv/box", { mode: 0o1777 });
  const named = (await linked.entries("/srv/")).map(({ name, kind, mode, target }) => [
    name,
    kind,
    mode,
    target,
  ]);
  assert.deepEqual(named, [
    ["a", "file", 0o600, undefined],
    ["box", "folder", 0o1777, undefined],
    ["link", "link", 0o777, "nowhere"],
  ]);
  assert.deepEqual(
    (await linked.entries("/srv/a")).map(({ name, size }) => [name, size]),
    [["/srv/a", 5]],
  );
  assert.equal(await base.exists("/srv/a"), false);
  await refuses(() => base.read("/srv/a"), "PATH_MISSING");
});

test("recursion follows no link, neither one on the way nor the one it starts from", async () => {
  const said = base
    .write("/srv/deep/a", "")
    .write("/etc/kept", "", { mode: 0o644 })
    .symlink("/etc", "/srv/deep/out")
    .symlink("/etc/kept", "/srv/deep/file")
    .chmod("/srv", 0o700, { recursive: true })
    .chown("/srv", "ops:44", { recursive: true });
  const owner = async (at: string) => {
    const { mode, uid, gid } = await said.stat(at);
    return `${mode.toString(8)} ${uid}:${gid}`;
  };
  assert.equal(await owner("/srv/deep/a"), "700 1000:44");
  assert.equal(await owner("/srv/deep"), "700 1000:44");
  assert.equal(await owner("/etc/kept"), "644 0:0");
  assert.equal(await owner("/etc"), "755 0:0");
  await refuses(() => said.chmod("/srv/deep/out", 0o777, { recursive: true }).exists("/"), "PATH_UNFIT");
});

test("files and folders have the times that they were given, and all others the epoch", async () => {
  const epoch = 1_600_000_000;
  const time = 1_234_567_890;
  const tree = own.file("dated/deep/large", randomBytes((2 << 20) + 1));
  const said = base
    .write("/srv/link/file", "", { time })
    .template("{{a}}\n", "/srv/template", { a: 1 }, { time: new Date(time * 1000 + 999) })
    .mkdir("/srv/folder", { time })
    .copy(path.join(tree, "../.."), "/srv/copied", { time })
    .symlink("../file", "/srv/link/link")
    .write("/srv/link/deep/file", "")
    .touch("/srv/link", time + 1, { recursive: true })
    .modify(async (fs) => {
      await fs.write("/srv/late", "late", { time });
      await fs.touch("/srv/copied", time);
      await fs.write("/srv/plain", `${(await fs.stat("/srv/copied")).modified}`);
    })
    .touch("/user-data", time + 1, { volume: "seed" })
    .epoch(epoch);
  const timeOf = async (at: string, volume: "system" | "seed" = "system") =>
    (await said.stat(at, { volume })).modified;
  for (const at of ["/srv/template", "/srv/folder", "/srv/copied/deep/large", "/srv/copied", "/srv/late"])
    assert.equal(await timeOf(at), time, at);
  for (const at of ["/srv/link", "/srv/link/file", "/srv/link/deep", "/srv/link/deep/file"])
    assert.equal(await timeOf(at), time + 1, at);
  for (const at of ["/srv/copied/deep", "/srv/plain"]) assert.equal(await timeOf(at), epoch, at);
  assert.equal(await timeOf("/user-data", "seed"), time, "FAT keeps even seconds");
  assert.equal(await said.read("/srv/plain"), `${time}`);
  const [one, again] = [await said.build(), await said.build()];
  assert.equal(one.sha256, again.sha256);
  await refuses(() => said.touch("/srv/link/link", time, { recursive: true }).build(), "PATH_UNFIT");
});

test("no path and no link of an image leads to a file of the host", async () => {
  const host = own.file("host/secret", "of the host\n");
  const said = base
    .symlink(`../../../../../../../..${path.dirname(host)}`, "/etc/up")
    .symlink(path.dirname(host), "/etc/absolute");
  await refuses(() => said.read("/etc/up/secret"), "PATH_MISSING");
  await refuses(() => said.edit("/etc/absolute/secret", () => "changed").exists("/"), "PATH_MISSING");
  const made = said.mkdir(path.dirname(host)).write("/etc/absolute/secret", "of the image\n");
  assert.equal(await made.read(host), "of the image\n");
  assert.equal(readFileSync(host, "utf8"), "of the host\n");
  const followed = base.symlink("/etc/hosts", "/srv/hosts").write("/srv/hosts", "through\n");
  assert.equal(await followed.read("/etc/hosts"), "through\n");
});

test("a file that is larger than one piece is copied as it is", async () => {
  const bytes = randomBytes((9 << 20) + 77);
  const said = base.copy(own.file("large", bytes), "/srv/large").copy(own.file("empty", ""), "/srv/empty");
  const sha256 = (of: Uint8Array) => createHash("sha256").update(of).digest("hex");
  assert.equal(sha256(await said.bytes("/srv/large")), sha256(bytes));
  assert.equal((await said.stat("/srv/empty")).size, 0);
});

test("a copied file that changes after it was said is refused", async () => {
  const said = base.copy(own.file("changing", "one"), "/srv/a");
  own.file("changing", "two");
  await refuses(() => said.build(), "FILE_CHANGED");
  const gone = base.copy(own.file("going", "one"), "/srv/a");
  unlinkSync(path.join(own.folder, "going"));
  await refuses(() => gone.build(), "FILE_CHANGED");
});

test("what cannot be copied is refused when it is said", async () => {
  await refuses(() => base.copy("/no/such/file", "/srv/a"), "FILE_MISSING");
  await refuses(() => base.template("/no/such/template", "/srv/a"), "FILE_MISSING");
  mkdirSync(path.join(own.folder, "odd"));
  const socket = createServer().listen(path.join(own.folder, "odd/socket"));
  await new Promise((listening) => socket.once("listening", listening));
  try {
    await refuses(() => base.copy(path.join(own.folder, "odd"), "/srv"), "COPY_UNFIT");
  } finally {
    socket.close();
  }
  await refuses(() => base.copy("/dev/null", "/srv/null"), "COPY_UNFIT");
});

const unfit: readonly (readonly [what: string, code: Code, said: () => Image])[] = [
  [
    "an owner that the image does not know",
    "OWNER_UNKNOWN",
    () => base.write("/srv/a", "", { owner: "ubuntu" }),
  ],
  ["a group that the image does not know", "OWNER_UNKNOWN", () => base.chown("/etc", "ops:plugdev")],
  ["a number without a group to it", "OWNER_UNKNOWN", () => base.chown("/etc", "4711")],
  [
    "a user of the description, who is made by the first boot",
    "OWNER_UNKNOWN",
    () => base.user("ann").chown("/srv", "ann"),
  ],
  ["a volume that is not there", "VOLUME_MISSING", () => base.write("/config.txt", "", { volume: "boot" })],
  ["a file that is edited and is not there", "PATH_MISSING", () => base.edit("/etc/none", (text) => text)],
  ["an edit of bytes that are no text", "TEXT_UNREADABLE", () => base.edit("/boot/vmlinuz", (text) => text)],
  ["a place without a value", "TEMPLATE_UNFIT", () => base.template("{{hostname}}\n", "/srv/a")],
  ["a value without a place", "TEMPLATE_UNFIT", () => base.template("a\n", "/srv/a", { b: 1 })],
  ["a file where a folder is", "PATH_UNFIT", () => base.write("/etc", "")],
  ["a touch of nothing", "PATH_MISSING", () => base.touch("/srv/none", 0)],
  ["a time that ext4 cannot keep", "TIME_UNFIT", () => base.touch("/etc", 2 ** 31)],
  ["a time that FAT cannot keep", "TIME_UNFIT", () => base.write("/a", "", { time: 0, volume: "seed" })],
  ["a link where a folder is", "PATH_EXISTS", () => base.symlink("a", "/etc")],
  ["a folder that is not empty", "PATH_UNFIT", () => base.remove("/etc")],
];

for (const [what, code, said] of unfit) {
  test(`${what} is refused with ${code}`, () => refuses(() => said().build(), code));
}

test("an owner that is unknown is told together with those that are known, and with the way out", async () => {
  const error = await base
    .chown("/etc", "ubuntu")
    .build()
    .then(undefined, (thrown: unknown) => thrown);
  assert.ok(isFault(error, "OWNER_UNKNOWN"));
  assert.match(error.message, /no user for the owner "ubuntu" \(it has root ops\)/);
  assert.match(error.hint, /cloud-init .* firstBoot/);
});

test("owners by numbers need no entry in the image", async () => {
  const { uid, gid } = await base.write("/srv/a", "", { owner: "4711:4712" }).stat("/srv/a");
  assert.deepEqual([uid, gid], [4711, 4712]);
});

test("the id of an image follows all that reaches the image", async () => {
  const file = own.file("content", "one");
  const said = base.copy(file, "/srv/a").write("/srv/b", "b");
  const same = await idOf(said);
  const moved = base.copy(own.file("elsewhere/content", "one"), "/srv/a").write("/srv/b", "b");
  const alike: readonly Image[] = [
    moved,
    said.key("name"),
    said.engine("overlay"),
    said.sha256("0".repeat(64)).sha256(sha256Of(own.packed)),
  ];
  for (const one of alike) assert.equal(await idOf(one), same);
  const others: readonly Image[] = [
    base.write("/srv/b", "b").copy(file, "/srv/a"),
    base.copy(file, "/srv/a", { owner: "ops" }).write("/srv/b", "b"),
    base.copy(own.file("content", "two"), "/srv/a").write("/srv/b", "b"),
    said.write("/srv/b", "b", { mode: 0o600 }),
    said.write("/srv/b", "b", { time: 0 }),
    said.write("/srv/b", "b", { time: 1 }),
    said.touch("/srv/b", 0),
    said.touch("/srv/b", 1),
    said.epoch(0),
    said.grow("1GB"),
    said.run`true`,
    said.template("{{node}}\n", "/srv/c"),
    said.template("{{node}}\n", "/srv/c").for(tenant("cp1")),
  ];
  const ids = new Set([same, ...(await Promise.all(others.map(idOf)))]);
  assert.equal(ids.size, others.length + 1);
});

const sha256Of = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
