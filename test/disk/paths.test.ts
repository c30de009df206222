import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, test } from "node:test";
import type { Tree } from "../../lib/disk.ts";
import { dumped, e2fsckFindsNothing, edited, looked } from "./edited.ts";
import { rk1Image } from "./fixture.ts";
import { tempFolder } from "./tools.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const image = await rk1Image(home.path);
const look = <T>(work: (tree: Tree) => Promise<T>) => looked(image.path, "ext4", work);
const text = async (bytes: Promise<Uint8Array>) => Buffer.from(await bytes).toString();

test("a relative link is followed from the folder it stands in", async () => {
  assert.match(await look((tree) => text(tree.read("/etc/os-release"))), /^ID=ubuntu/);
});

test("an absolute link is followed inside the image, in the middle of a path too", async () => {
  assert.equal(await look((tree) => text(tree.read("/configuration/hostname"))), "ubuntu\n");
});

test("a write through a dangling absolute link lands in the image and not on the host", async () => {
  const { part } = await edited(image.path, "ext4", (tree) =>
    tree.write("/etc/resolv.conf", "nameserver ::1\n"),
  );
  await e2fsckFindsNothing(part);
  assert.equal(await dumped(part, "/run/resolvconf.conf"), "nameserver ::1\n");
  assert.equal(existsSync("/run/resolvconf.conf"), false);
});

test("`..` stops at the root of the image", async () => {
  assert.equal(await look((tree) => text(tree.read("/../../etc/../../../etc/hostname"))), "ubuntu\n");
});

test("links that form a loop are a fault, and do not exist", async () => {
  await look(async (tree) => {
    await assert.rejects(tree.read("/loop-a"), { code: "PATH_LOOPS" });
    assert.equal(await tree.exists("/loop-a"), false);
    assert.equal((await tree.lstat("/loop-a")).kind, "link");
    assert.equal(await tree.readlink("/loop-a"), "loop-b");
  });
});

test("what is missing, of the wrong kind, or there already has a fault of its own", async () => {
  await edited(image.path, "ext4", async (tree) => {
    const where = "partition 2 (cloudimg-rootfs)";
    await assert.rejects(tree.read("/etc/nothing"), {
      code: "PATH_MISSING",
      details: { path: "/etc/nothing", where },
    });
    await assert.rejects(tree.write("/no/such/folder", "x"), {
      code: "PATH_MISSING",
      details: { path: "/no", where },
    });
    await assert.rejects(tree.read("/etc"), { code: "PATH_UNFIT", message: /is a folder, not a file/ });
    await assert.rejects(tree.write("/etc", "x"), { code: "PATH_UNFIT" }); // the driver would empty the folder
    await assert.rejects(tree.list("/etc/hostname"), { code: "PATH_UNFIT" });
    await assert.rejects(tree.write("/etc/hostname/x", "x"), { code: "PATH_UNFIT" });
    await assert.rejects(tree.mkdir("/etc"), { code: "PATH_EXISTS" });
    await assert.rejects(tree.mkdir("/etc/hostname", { recursive: true }), { code: "PATH_UNFIT" });
    await assert.rejects(tree.symlink("/x", "/etc/hostname"), { code: "PATH_EXISTS" });
    await assert.rejects(tree.remove("/etc"), { code: "PATH_UNFIT", message: /not empty/ });
    await assert.rejects(tree.remove("/etc/nothing"), { code: "PATH_MISSING" });
  });
});

test("remove takes a link away and leaves what it points to", async () => {
  const { path } = await edited(image.path, "ext4", (tree) => tree.remove("/etc/os-release"));
  await looked(path, "ext4", async (tree) => {
    assert.equal(await tree.exists("/etc/os-release"), false);
    assert.equal(await tree.exists("/usr/lib/os-release"), true);
  });
});

test("remove with recursive does not follow links out of the folder", async () => {
  const { path, part } = await edited(image.path, "ext4", async (tree) => {
    await tree.mkdir("/trap");
    await tree.symlink("/etc", "/trap/out");
    await tree.remove("/trap", { recursive: true });
  });
  await e2fsckFindsNothing(part);
  assert.equal(await looked(path, "ext4", (tree) => tree.exists("/etc/hostname")), true);
});

test("calls that are started together run one after the other", async () => {
  const names = Array.from({ length: 20 }, (_, at) => `/home/file${at}`);
  const { part, path } = await edited(image.path, "ext4", async (tree) => {
    await Promise.all(names.map((name) => tree.write(name, name)));
  });
  await e2fsckFindsNothing(part);
  assert.equal((await looked(path, "ext4", (tree) => tree.list("/home"))).length, 20);
});
