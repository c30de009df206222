import assert from "node:assert/strict";
import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { flashing, type TestDesk, testDesk } from "./desk.ts";

let desk: TestDesk;
before(async () => {
  desk = await testDesk();
});
after(() => desk[Symbol.asyncDispose]());
beforeEach(() => {
  desk.board.faults.clear();
  desk.configure();
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
    assert.deepEqual(desk.powers(), [false, false]);
    if (untouched) assert.deepEqual(desk.board.flashed(1), before);
    else assert.match(ended.stderr, /node 1 is off, USB as before/);
  });
}

test("a plan for a board that does not answer says that it was not asked", async () => {
  desk.configure({ ssh: { port: 1, hostKey: desk.board.sshHostKey } });
  const { code, stdout } = await desk.run(flashing, { args: ["--plan"] });
  assert.equal(code, 0);
  assert.match(
    stdout,
    /WIPE .*\nnothing was touched\nnot asked: what the nodes run, as board .* refused\n$/s,
  );
});

test("what a recipe describes and never awaits is told of, with its line", async () => {
  const recipe = `
import { board, flash, image } from "tpi";
const desk = board();
const own = image(desk.image).for(desk.node(1)).key("cp1");
flash(own).to(desk.node(1)).keepOff();
const lease = desk.bmc.off(2);
console.log(lease.moves.length);
for (const line of await desk.bmc.sh\`echo kept\`.lines()) console.log(line);
desk.bmc.sh\`echo lost\`.nothrow().text();
`;
  const { code, stdout, stderr } = await desk.run(recipe);
  assert.deepEqual([code, stdout], [0, "1\nkept\n"]);
  const told = stderr.split("\n").filter((line) => /never awaited|^ +at /.test(line));
  assert.match(told[0] ?? "", /^tpi: "flash .* to node1" was described and never awaited: it was not done$/);
  assert.match(told[1] ?? "", /^ {5}at .*\.mts:5$/);
  assert.match(told[2] ?? "", /^tpi: "echo lost" was described/);
  assert.equal(told.length, 4);
});
