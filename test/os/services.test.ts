import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readlink, symlink, unlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { serviceEdits } from "../../lib/os/services.ts";
import type { UnitLink } from "../../lib/os/units.ts";
import type { Edit, Services } from "../../lib/os.ts";
import { tempFolder } from "../disk/tools.ts";
import { presented, textAt } from "./presented.ts";

const vendor = "/usr/lib/systemd/system";
const etc = "/etc/systemd/system";
const install = (text: string) =>
  `[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\n[Install]\n${text}\n`;

const units: Readonly<Record<string, string>> = {
  "web.service": install("WantedBy=multi-user.target graphical.target\nAlias=www.service"),
  "needed.service": install("RequiredBy=multi-user.target"),
  "pair.service": install("WantedBy=multi-user.target\nAlso=pair.socket"),
  "pair.socket": "[Socket]\nListenStream=7\n[Install]\nWantedBy=sockets.target\n",
  "tty@.service": install("WantedBy=getty.target\nDefaultInstance=tty1"),
  "vpn@.service": install("WantedBy=multi-user.target\nAlias=tunnel@%i.service"),
  "taken-back.service": install("WantedBy=old.target\nWantedBy=\nWantedBy=multi-user.target"),
  "inner.service": "[Service]\nExecStart=/bin/true\n",
};

/** What a renderer sees of an image with these units, and the links that a `systemctl` left there. */
const seen = (links: readonly UnitLink[] = []) =>
  presented(
    {},
    {
      files: new Map(
        Object.entries(units).map(([name, text]) => [name, { path: `${vendor}/${name}`, text }]),
      ),
      links,
    },
  );

/** A root with the same units, on which the real systemctl works. */
async function rootWith(folder: string): Promise<void> {
  await mkdir(path.join(folder, vendor), { recursive: true });
  await mkdir(path.join(folder, etc), { recursive: true });
  for (const [name, text] of Object.entries(units)) await writeFile(path.join(folder, vendor, name), text);
}

async function linksIn(folder: string): Promise<readonly string[]> {
  const all = await readdir(path.join(folder, etc), { recursive: true, withFileTypes: true });
  const links = all.filter((one) => one.isSymbolicLink());
  const shown = links.map(async (one) => {
    const at = path.join(one.parentPath, one.name);
    return `${at.slice(folder.length)} -> ${await readlink(at)}`;
  });
  return (await Promise.all(shown)).toSorted();
}

async function doneTo(folder: string, edits: readonly Edit[]): Promise<void> {
  for (const edit of edits) {
    const at = path.join(folder, edit.path);
    if (edit.kind === "remove") await unlink(at);
    if (edit.kind !== "symlink") continue;
    await mkdir(path.dirname(at), { recursive: true });
    await symlink(edit.target, at);
  }
}

const theirs = (folder: string, ...words: readonly string[]) =>
  execFileSync("systemctl", ["--root", folder, ...words], { stdio: "pipe" });

for (const [words, units] of [
  ["enable", ["web"]],
  ["enable", ["needed"]],
  ["enable", ["pair"]],
  ["enable", ["tty@"]],
  ["enable", ["tty@ttyS0"]],
  ["enable", ["vpn@home"]],
  ["enable", ["taken-back"]],
  ["mask", ["web"]],
] as const) {
  test(`${words} ${units.join(" ")} leaves the links that systemctl would`, async () => {
    await using ours = await tempFolder();
    await using systemctl = await tempFolder();
    await rootWith(ours.path);
    await rootWith(systemctl.path);
    theirs(systemctl.path, words, ...units);
    await doneTo(ours.path, serviceEdits({ [words]: units }, seen()));
    assert.deepEqual(await linksIn(ours.path), await linksIn(systemctl.path));
    assert.notDeepEqual(await linksIn(ours.path), []);
  });
}

test("disable takes away every link that enable made", async () => {
  await using root = await tempFolder();
  await rootWith(root.path);
  theirs(root.path, "enable", "web", "needed");
  const links = (await linksIn(root.path)).map((line) => {
    const [at = "", target = ""] = line.split(" -> ");
    return { path: at, target };
  });
  await doneTo(root.path, serviceEdits({ disable: ["web"] }, seen(links)));
  assert.deepEqual(await linksIn(root.path), [
    `${etc}/multi-user.target.requires/needed.service -> ${vendor}/needed.service`,
  ]);
});

test("enable takes a mask away, and leaves a link alone that is right already", () => {
  const right = { path: `${etc}/multi-user.target.wants/web.service`, target: `${vendor}/web.service` };
  const mask = { path: `${etc}/web.service`, target: "/dev/null" };
  const edits = serviceEdits({ enable: ["web"] }, seen([right, mask]));
  assert.deepEqual(edits[0], { kind: "remove", path: mask.path });
  assert.ok(!edits.some((edit) => edit.path === right.path));
});

test("a preset says the same, for images whose first boot sets every unit to its preset", () => {
  const edits = serviceEdits({ enable: ["web"], disable: ["needed"] }, seen());
  const text = textAt(edits, "/etc/systemd/system-preset/00-tpi.preset");
  assert.equal(text, "enable web.service\ndisable needed.service\n");
});

const refusals: readonly (readonly [Services, RegExp])[] = [
  [{ enable: ["absent"] }, /no such unit/],
  [{ enable: ["inner"] }, /no \[Install\] section: other units start it/],
  [{ disable: ["inner"] }, /mask it instead/],
  [{ enable: ["vpn@"] }, /say name@instance/],
];
for (const [services, why] of refusals) {
  test(`services refuse ${JSON.stringify(services)}`, () => {
    assert.throws(
      () => serviceEdits(services, seen()),
      (error) => isFault(error, "IDENTITY_UNFIT") && why.test(error.message),
    );
  });
}
