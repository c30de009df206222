import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { isFault } from "../../lib/core/fault.ts";
import { mustHaveRoom } from "../../lib/core/room.ts";
import { toolPath } from "../../lib/core/tool.ts";
import { bytesSource, fileSource } from "../../lib/disk.ts";
import { diffDisks } from "../../lib/image/output/diff.ts";
import { type Image, image } from "../../lib/image.ts";
import { must, rk1Image } from "../disk/fixture.ts";
import { tool } from "../disk/tools.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tpi-output-test-"));
const at = (...names: string[]) => path.join(folder, ...names);
const status = [
  "Package: bash\nStatus: install ok installed\nPriority: required\nMaintainer: Matthias Klose <doko@debian.org>\nArchitecture: arm64\nVersion: 5.2.21-2ubuntu4\nDescription: GNU Bourne Again SHell\n Bash is an sh-compatible shell.\nHomepage: http://tiswww.case.edu/php/chet/bash/bashtop.html",
  "Package: libstdc++6\nStatus: install ok installed\nArchitecture: arm64\nMulti-Arch: same\nSource: gcc-14 (14.2.0-4ubuntu2)\nVersion: 1:14.2.0-4+b1~24.04",
  "Package: gone\nStatus: deinstall ok config-files\nArchitecture: arm64\nVersion: 1.0",
].join("\n\n");
let packed: string;

before(async () => {
  process.env.TPI_HOME = at("home");
  await mkdir(at("tree", "var/lib/dpkg"), { recursive: true });
  await writeFile(at("tree", "var/lib/dpkg/status"), `${status}\n`);
  await writeFile(at("tree", "doomed"), "to be removed\n");
  await writeFile(at("tree", "kept"), "to get another mode\n");
  const { path: raw } = await rk1Image(folder, { from: at("tree"), rootMib: 24 });
  packed = `${raw}.xz`;
  await must("bash", "-c", `xz -zc -T2 -1 --block-size=1MiB ${raw} > ${packed}`);
});
after(() => {
  delete process.env.TPI_KEEP_TEMP;
  rmSync(folder, { recursive: true });
});

const described = (base: Image = image(packed)): Image =>
  base
    .key("device")
    .hostname("node1")
    .write("/etc/motd", "hello\n")
    .remove("/doomed")
    .chmod("/kept", 0o600)
    .chown("/kept", { uid: 1000, gid: 1000 })
    .mkdir("/srv/data");

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
const json = (name: string): unknown => JSON.parse(readFileSync(at("out", name), "utf8"));

test("a published image has its checksums, metadata, block map, bills of materials and diff beside it", async () => {
  const published = await described().publish(at("out"));
  const names = ["", ".json", ".bmap", ".spdx.json", ".cdx.json", ".diff.json", ".sha256"];
  assert.deepEqual(
    published.files,
    names.map((ending) => at("out", `device.img.xz${ending}`)),
  );
  assert.deepEqual((await readdir(at("out"))).length, names.length, "something was left beside them");
  await must("bash", "-c", `cd ${at("out")} && sha256sum -c --strict device.img.xz.sha256`);
  await must("bash", "-c", `xz -dc ${published.files[0]} > ${at("device.img")}`);
  const claim = json("device.img.xz.json");
  const Claim = z.looseObject({
    image: z.object({ sha256: z.string() }),
    disk: z.object({ sha256: z.string() }),
  });
  assert.equal(Claim.parse(claim).image.sha256, published.sha256);
  assert.equal(Claim.parse(claim).disk.sha256, sha256(readFileSync(at("device.img"))));
});

test("publishing twice gives the same bytes in every file", async () => {
  const { files } = await described().publish(at("again"));
  for (const file of files) {
    const other = at("out", path.basename(file));
    assert.ok(readFileSync(file).equals(readFileSync(other)), `${path.basename(file)} is not the same`);
  }
});

test("a diff tells every file that is not as it was, and nothing else", () => {
  const Change = z.looseObject({ path: z.string(), change: z.string(), aspects: z.array(z.string()) });
  const Diff = z.object({
    format: z.literal("tpi-diff/1"),
    volumes: z.array(z.looseObject({ label: z.string(), changes: z.array(Change) })),
  });
  const { volumes } = Diff.parse(json("device.img.xz.diff.json"));
  const lines = volumes.map(({ label, changes }) => ({
    label,
    lines: changes.map(({ path: file, change, aspects }) => `${change} ${file} ${aspects.join(",")}`.trim()),
  }));
  const root = lines.find(({ label }) => label === "cloudimg-rootfs")?.lines ?? [];
  for (const line of [
    "added /etc/motd",
    "removed /doomed",
    "changed /kept mode,owner",
    "added /srv/data",
    "added /etc/tpi/image.json",
  ])
    assert.ok(root.includes(line), `${line} is not in ${root.join("; ")}`);
  const seed = lines.find(({ label }) => label === "CIDATA")?.lines ?? [];
  assert.ok(seed.includes("changed /user-data content"), seed.join("; "));
  const expected = /^(added|changed) \/(etc|srv)|\/(doomed|kept)( |$)/;
  assert.deepEqual(
    root.filter((line) => !expected.test(line)),
    [],
  );
});

test("a diff that reads every byte of both disks finds the same", async () => {
  await using before = await fileSource(packed.replace(/\.xz$/, ""));
  await using disk = await fileSource(at("device.img"));
  const volumes = await diffDisks({ before, after: disk, signal: new AbortController().signal });
  const told: unknown = JSON.parse(JSON.stringify({ format: "tpi-diff/1", volumes }));
  assert.deepEqual(told, json("device.img.xz.diff.json"));
});

test("a diff sees one byte that was changed in place, behind the file system's back", async () => {
  await using before = await fileSource(at("device.img"));
  const marker = Buffer.from("to get another mode");
  const bytes = Buffer.from(await before.read(0, before.size));
  bytes.write("T", bytes.indexOf(marker));
  const job = { before, after: bytesSource(bytes), signal: new AbortController().signal };
  const changed = (from: number, length: number) => {
    const place = bytes.indexOf("To get another mode");
    return place >= from && place < from + length;
  };
  for (const hints of [{}, { changed }]) {
    const [volume] = await diffDisks({ ...job, ...hints });
    assert.deepEqual(
      volume?.changes.map(({ path: file, aspects }) => [file, ...aspects]),
      [["/kept", "content"]],
    );
  }
});

test("a block map is whole by its own checksum, and its ranges hash to what the disk has", () => {
  const text = readFileSync(at("out", "device.img.xz.bmap"), "utf8");
  const field = (name: string) => new RegExp(`<${name}> (\\S+) </${name}>`).exec(text)?.[1] ?? "";
  const own = field("BmapFileChecksum");
  assert.equal(sha256(text.replace(own, "0".repeat(64))), own);
  const disk = readFileSync(at("device.img"));
  const size = Number(field("BlockSize"));
  assert.deepEqual([Number(field("ImageSize")), field("ChecksumType")], [disk.length, "sha256"]);
  const restored = Buffer.alloc(disk.length, 0xa5);
  let mapped = 0;
  for (const [, sum, first = "", last = first] of text.matchAll(
    /<Range chksum="(\w+)"> (\d+)(?:-(\d+))? <\/Range>/g,
  )) {
    const [from, to] = [Number(first) * size, (Number(last) + 1) * size];
    assert.equal(sha256(disk.subarray(from, to)), sum);
    disk.copy(restored, from, from, to);
    mapped += Number(last) - Number(first) + 1;
  }
  assert.equal(mapped, Number(field("MappedBlocksCount")));
  assert.ok(mapped < Number(field("BlocksCount")) * 0.9, "nothing is left out");
  writeFileSync(at("restored.img"), restored);
});

test("a disk that was full of something else is sound after only the mapped blocks were written", async () => {
  const root = 20 << 20;
  await must("e2fsck", "-fn", `${at("restored.img")}?offset=${root}`);
  const { text } = await tool("debugfs", "-R", "cat /etc/motd", `${at("restored.img")}?offset=${root}`);
  assert.match(text, /^hello$/m);
  await must("sfdisk", "--verify", at("restored.img"));
});

test("bmaptool copies by a block map", async (t) => {
  if ((await toolPath("bmaptool")) === undefined) return t.skip("bmaptool is not installed");
  writeFileSync(at("copied.img"), "");
  await must(
    "bmaptool",
    "copy",
    "--bmap",
    at("out", "device.img.xz.bmap"),
    at("out", "device.img.xz"),
    at("copied.img"),
  );
  await must("e2fsck", "-fn", `${at("copied.img")}?offset=${20 << 20}`);
});

test("bills of materials name the installed packages, by SPDX and by CycloneDX", () => {
  const noassertion = z.literal("NOASSERTION");
  const id = z.string().regex(/^SPDXRef-[a-zA-Z0-9.-]+$/);
  const Spdx = z.object({
    spdxVersion: z.literal("SPDX-2.3"),
    dataLicense: z.literal("CC0-1.0"),
    SPDXID: z.literal("SPDXRef-DOCUMENT"),
    name: z.string(),
    documentNamespace: z.url(),
    creationInfo: z.object({ created: z.iso.datetime(), creators: z.array(z.string().regex(/^Tool: /)) }),
    packages: z.array(
      z.looseObject({
        SPDXID: id,
        name: z.string(),
        versionInfo: z.string(),
        downloadLocation: noassertion,
        filesAnalyzed: z.literal(false),
        licenseConcluded: noassertion,
        externalRefs: z
          .array(
            z.object({
              referenceCategory: z.literal("PACKAGE-MANAGER"),
              referenceType: z.literal("purl"),
              referenceLocator: z.string(),
            }),
          )
          .optional(),
      }),
    ),
    relationships: z.array(
      z.object({
        spdxElementId: id,
        relationshipType: z.enum(["DESCRIBES", "CONTAINS"]),
        relatedSpdxElement: id,
      }),
    ),
  });
  const spdx = Spdx.parse(json("device.img.xz.spdx.json"));
  const ids = new Set(spdx.packages.map(({ SPDXID }) => SPDXID));
  assert.equal(ids.size, spdx.packages.length);
  assert.ok(spdx.relationships.every(({ relatedSpdxElement }) => ids.has(relatedSpdxElement)));
  const purls = [
    "pkg:deb/ubuntu/bash@5.2.21-2ubuntu4?arch=arm64&distro=ubuntu-24.04",
    "pkg:deb/ubuntu/libstdc%2B%2B6@1%3A14.2.0-4%2Bb1~24.04?arch=arm64&distro=ubuntu-24.04",
  ];
  assert.deepEqual(
    spdx.packages.flatMap(({ externalRefs = [] }) => externalRefs.map((ref) => ref.referenceLocator)),
    purls,
  );
  const Cyclonedx = z.object({
    bomFormat: z.literal("CycloneDX"),
    specVersion: z.literal("1.5"),
    serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/),
    version: z.literal(1),
    metadata: z.looseObject({
      timestamp: z.iso.datetime(),
      component: z.looseObject({ type: z.literal("operating-system") }),
    }),
    components: z.array(
      z.looseObject({
        type: z.literal("library"),
        "bom-ref": z.string(),
        name: z.string(),
        purl: z.string(),
      }),
    ),
    dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
  });
  assert.deepEqual(
    Cyclonedx.parse(json("device.img.xz.cdx.json")).components.map(({ purl }) => purl),
    purls,
  );
});

test("a path that ends in .img gets the disk itself, with holes for its zeros", async () => {
  await described().save(at("saved.img"));
  assert.ok(readFileSync(at("saved.img")).equals(readFileSync(at("device.img"))));
  const { blocks, size } = statSync(at("saved.img"));
  assert.ok(blocks * 512 < size / 2, `${blocks * 512} of ${size} bytes are allocated`);
});

test("what a killed process left of an image is cleared by the next, and what a live one writes stays", async () => {
  const dead = await must("sh", "-c", "echo $$");
  const left = [
    `saved.img.${dead.trim()}.1-2.00000000.part`,
    "saved.img.part",
    `other.img.${dead.trim()}.1-2.00000000.part`,
  ];
  for (const name of left) writeFileSync(at(name), "half");
  await described().save(at("saved.img"));
  const names = await readdir(folder);
  assert.deepEqual(
    left.map((name) => names.includes(name)),
    [false, true, true],
  );
});

test("an image is refused before it is written where the disk has no room for it", async () => {
  await assert.rejects(mustHaveRoom(at("not", "there", "yet"), 2 ** 52), {
    code: "DISK_FULL",
    message: /there.yet has [\d.]+ .B free, and 4504 TB are needed/,
  });
  await mustHaveRoom(at("not", "there", "yet"), 1);
});

const claimPath = () => at("out", "device.img.xz.json");

test("a target that cannot be written is refused before anything is made", async () => {
  await writeFile(at("a-file"), "in the way\n");
  await mkdir(at("a-folder"), { recursive: true });
  const lost = image(at("no-such-base.img.xz")); // what would be made is not even looked for
  for (const [target, why] of [
    [at("a-folder"), /it is a folder/],
    [at("a-file", "x.img.xz"), /is a file/],
    [at("a-file", "deep", "x.img"), /stands in the way/],
  ] as const)
    await assert.rejects(
      async () => await lost.save(target),
      (error) => isFault(error, "TARGET_UNWRITABLE") && why.test(error.message),
    );
  await assert.rejects(
    async () => await lost.publish(at("a-file")),
    (error) => isFault(error, "TARGET_UNWRITABLE"),
  );
  await assert.rejects(
    async () => await described().verify(at("a-folder")),
    (error) => isFault(error, "CLAIM_UNREADABLE") && error.details.why === "it is a folder",
  );
});

test("saving makes missing folders, and takes the place of a file that is there", async () => {
  const target = at("deep", "er", "x.img.xz");
  await using built = await described().build();
  await built.save(target);
  await writeFile(target, "another\n");
  await built.save(target);
  assert.equal(sha256(readFileSync(target)), built.sha256);
});

test("verifying makes the same image again", async () => {
  const { sha256: again } = await described().verify(claimPath());
  assert.equal(again, sha256(readFileSync(at("out", "device.img.xz"))));
});

test("verifying names the stage that is not the same", async () => {
  const claim: { base: { sha256: string } } = JSON.parse(readFileSync(claimPath(), "utf8"));
  const other = async (change: object) => {
    const file = at(`${Object.keys(change).join("-")}.json`);
    await writeFile(file, JSON.stringify({ ...claim, ...change }));
    return file;
  };
  const wrong = { sha256: "0".repeat(64), size: 1 };
  const stages = [
    ["description", described().write("/etc/more", ""), claimPath()],
    ["base", described(), await other({ base: { ...claim.base, sha256: wrong.sha256 } })],
    ["files", described(), await other({ image: wrong, disk: wrong })],
    ["compression", described(), await other({ image: wrong })],
  ] as const;
  for (const [stage, wanted, file] of stages) {
    await assert.rejects(
      async () => await wanted.verify(file),
      (error) => isFault(error, "IMAGE_DIFFERS") && error.details.stage === stage,
      stage,
    );
  }
  await writeFile(at("other.json"), "{}");
  await assert.rejects(async () => await described().verify(at("other.json")), { code: "CLAIM_UNREADABLE" });
  await assert.rejects(async () => await described().verify(at("none.json")), { code: "FILE_MISSING" });
});

test("a publication that fails leaves no draft behind, unless it is asked to keep one for a look", async () => {
  await mkdir(at("blocked", "device.img.xz.json"), { recursive: true }); // a folder cannot be replaced by a file
  await assert.rejects(async () => await described().publish(at("blocked")));
  assert.deepEqual(
    (await readdir(at("blocked"))).filter((name) => name.startsWith(".")),
    [],
  );
  process.env.TPI_KEEP_TEMP = "1";
  await assert.rejects(async () => await described().publish(at("blocked")));
  const [kept = ""] = (await readdir(at("blocked"))).filter((name) => name.startsWith(".publishing-kept-"));
  assert.ok((await readdir(at("blocked", kept))).includes("device.img.xz.bmap"));
  await described().publish(at("fine"));
  assert.deepEqual(
    (await readdir(at("fine"))).filter((name) => name.startsWith(".")),
    [],
  );
  delete process.env.TPI_KEEP_TEMP;
});

test("a publication takes the place of an earlier one, and files that it does not have any more go", async () => {
  const made = await described().publish(at("again"), { parts: ["bmap"] });
  assert.deepEqual(
    (await readdir(at("again"))).toSorted(),
    made.files.map((file) => path.basename(file)).toSorted(),
  );
  assert.match(await readFile(made.files.at(-1) ?? "", "utf8"), /device\.img\.xz\.bmap\n$/);
});
