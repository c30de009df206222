import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { after, before, beforeEach, test } from "node:test";
import { must } from "../disk/fixture.ts";
import { type TestDesk, testDesk } from "./desk.ts";

let desk: TestDesk;
before(async () => {
  desk = await testDesk();
});
after(() => desk[Symbol.asyncDispose]());
beforeEach(() => {
  desk.board.faults.clear();
  desk.configure();
});

const flashing = `
import { board, flash, image } from "tpi";
const desk = board();
const own = image(desk.image).user("ops", { keys: desk.login.publicKey }).for(desk.node(1)).key("cp1");
const report = await flash(own).to(desk.node(1)).keepOff();
console.log(JSON.stringify(report));
`;

const powers = () =>
  desk.board
    .slots()
    .slice(0, 2)
    .map((slot) => slot.powered);

test("a flashed disk equals the image byte for byte, and the node is off where that was wished", async () => {
  const saving = flashing.replace("const report", 'await own.save("cp1.img.xz");\nconst report');
  const { code, stdout, stderr } = await desk.run(saving);
  assert.equal(code, 0, stderr);
  const built = path.join(desk.folder, "cp1.img.xz");
  await must("xz", "-t", built);
  await must("sh", "-c", `xz -dc ${built} > ${desk.folder}/cp1.img`);
  const raw = statSync(path.join(desk.folder, "cp1.img")).size;
  const flashed = desk.board.flashed(1);
  assert.equal(flashed?.bytes, raw);
  assert.equal(flashed?.sha256, await sha256(path.join(desk.folder, "cp1.img")));
  assert.equal(
    await sha256(desk.board.media(1), raw),
    flashed?.sha256,
    "what stands on the eMMC is something else",
  );
  assert.equal(JSON.parse(stdout).sent, statSync(built).size);
  assert.deepEqual(powers(), [false, false]);
});

async function sha256(file: string, bytes = statSync(file).size): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { end: bytes - 1 }), hash);
  return hash.digest("hex");
}

test("a plan touches nothing, and what is done afterwards are its moves, in its order", async () => {
  const before = desk.board.flashed(2);
  const two = flashing.replaceAll("node(1)", "node(2)");
  const planned = await desk.run(two, { args: ["--plan=json"] });
  assert.equal(planned.code, 0, planned.stderr);
  assert.deepEqual(desk.board.flashed(2), before);
  const plan = JSON.parse(planned.stdout);
  assert.ok(plan.some((move: { destructive?: true }) => move.destructive));
  const done = await desk.run(two);
  assert.equal(done.code, 0, done.stderr);
  const moves = desk.log().filter((entry) => entry.event === "move");
  assert.deepEqual(
    moves.map(({ kind, subject, text, destructive }) => ({
      kind,
      subject,
      text,
      ...(destructive ? { destructive } : {}),
    })),
    plan,
  );
});

interface Refusal {
  readonly title: string;
  readonly code: string;
  readonly exit: number;
  readonly prepare: () => void;
  readonly recipe?: string;
  /** What is true of the board afterwards. */
  readonly untouched: boolean;
}

const cut = () => {
  const file = path.join(desk.folder, "cut.img.xz");
  writeFileSync(file, readFileSync(desk.image));
  truncateSync(file, Math.floor(statSync(file).size / 2));
  return file;
};

const cards = `
import { board } from "tpi";
await board().bmc.put(new Uint8Array(3_000_000), "/mnt/sdcard/image.img.xz");
`;

const refusals: readonly Refusal[] = [
  {
    title: "a wrong password",
    code: "BMC_AUTH",
    exit: 3,
    prepare: () => desk.configure({ password: "wrong" }),
    untouched: true,
  },
  {
    title: "a wrong fingerprint",
    code: "BMC_FINGERPRINT",
    exit: 3,
    prepare: () => desk.configure({ fingerprint: Array(32).fill("00").join(":") }),
    untouched: true,
  },
  {
    title: "a board that does not answer",
    code: "BMC_UNREACHABLE",
    exit: 1,
    prepare: () => desk.configure({ port: 1 }),
    untouched: true,
  },
  {
    title: "a missing image",
    code: "IMAGE_MISSING",
    exit: 3,
    prepare: () => desk.configure({}, "./none.img.xz"),
    untouched: true,
  },
  {
    title: "an image with another sha256",
    code: "IMAGE_DIGEST",
    exit: 3,
    prepare: () => undefined,
    recipe: flashing.replace("image(desk.image)", `image(desk.image).sha256("${"0".repeat(64)}")`),
    untouched: true,
  },
  {
    title: "a truncated image",
    code: "XZ_TRUNCATED",
    exit: 3,
    prepare: () => desk.configure({}, cut()),
    untouched: true,
  },
  {
    title: "a node that is not there",
    code: "NODE_UNKNOWN",
    exit: 2,
    prepare: () => undefined,
    recipe: flashing.replaceAll("node(1)", "node(4)"),
    untouched: true,
  },
  {
    title: "a slot without a module",
    code: "FLASH_NO_MODULE",
    exit: 1,
    prepare: () => desk.board.faults.set({ module: "missing" }),
    untouched: false,
  },
  {
    title: "a full card",
    code: "SSH_NO_SPACE",
    exit: 1,
    prepare: () => desk.board.faults.set({ sdcard: "full" }),
    recipe: cards,
    untouched: true,
  },
  {
    title: "bytes that change on the way",
    code: "FLASH_SHA256",
    exit: 1,
    prepare: () => desk.board.faults.set({ shaMismatch: true }),
    untouched: false,
  },
  {
    title: "a disk that reads back wrong",
    code: "FLASH_CRC",
    exit: 1,
    prepare: () => desk.board.faults.set({ crcMismatch: true }),
    untouched: false,
  },
];

for (const { title, code, exit, prepare, recipe = flashing, untouched } of refusals) {
  test(`${title} ends a recipe with ${code}, a hint and exit code ${exit}`, async () => {
    prepare();
    const before = desk.board.flashed(1);
    const ended = await desk.run(recipe);
    assert.match(ended.stderr, new RegExp(`^tpi: .*  ${code}\\n     \\S+`, "m"));
    assert.equal(ended.code, exit, ended.stderr);
    assert.deepEqual(powers(), [false, false]);
    if (untouched) assert.deepEqual(desk.board.flashed(1), before);
    else assert.match(ended.stderr, /node 1 is off, USB as before/);
  });
}

test("Ctrl-C in the middle of a flash cancels it, leaves the node off and USB as before, and ends with 130", async () => {
  desk.board.faults.set({ linkBytesPerSecond: 400_000 });
  let pressed = false;
  const ended = await desk.run(flashing, {
    during: (said, kill) => {
      if (pressed || !/send +\d+ %|wipe:/.test(said)) return;
      pressed = true;
      kill("SIGINT");
    },
  });
  assert.equal(ended.code, 130, ended.stderr);
  assert.match(ended.stderr, /INTERRUPTED/);
  assert.match(ended.stderr, /node 1 is off, USB as before/);
  assert.deepEqual(powers(), [false, false]);
  desk.board.faults.clear();
  const again = await desk.run(flashing);
  assert.equal(again.code, 0, again.stderr);
});

test("power.mts shows and switches the power of the nodes that are named", async () => {
  const recipe = path.resolve(import.meta.dirname, "../../recipes/power.mts");
  const shown = await desk.run(recipe);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /cp1 +1 +off\nw1 +2 +off\n/);
  const on = await desk.run(recipe, { args: ["on", "2"] });
  assert.match(on.stdout, /cp1 +1 +off\nw1 +2 +on\n/);
  assert.deepEqual(powers(), [false, true]);
  await desk.run(recipe, { args: ["off"] });
  assert.deepEqual(powers(), [false, false]);
});
