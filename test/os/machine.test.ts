import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { usualGroups } from "../../lib/os/defaultuser.ts";
import { kernelEdits } from "../../lib/os/kernel.ts";
import { machineEdits } from "../../lib/os/machine.ts";
import { keyboardEdits } from "../../lib/os/regional.ts";
import { hasCloudInit, seedVolume } from "../../lib/os/seedplace.ts";
import { layout } from "../layouts/layout.ts";
import { opened } from "./opened.ts";
import { nobody, presented, textAt } from "./presented.ts";

test("an identity that says nothing edits nothing", () => {
  assert.deepEqual(machineEdits(nobody, { present: presented({}) }), []);
});

test("a keyboard keeps the lines that it says nothing of", () => {
  const before =
    '# read by setupcon\nXKBMODEL="pc104"\nXKBLAYOUT="us"\nXKBOPTIONS="ctrl:nocaps"\nBACKSPACE="guess"\n';
  const edits = keyboardEdits(
    { layout: "de", variant: "nodeadkeys" },
    presented({ "/etc/default/keyboard": before }),
  );
  assert.equal(
    textAt(edits, "/etc/default/keyboard"),
    '# read by setupcon\nXKBOPTIONS="ctrl:nocaps"\nBACKSPACE="guess"\nXKBMODEL="pc105"\nXKBLAYOUT="de"\nXKBVARIANT="nodeadkeys"\n',
  );
});

test("modules and kernel parameters stand in files that are read last", () => {
  const edits = kernelEdits({
    ...nobody,
    modules: ["rbd", "nbd"],
    sysctl: { "vm.swappiness": 10, "kernel.panic": "5" },
  });
  assert.equal(textAt(edits, "/etc/modules-load.d/tpi.conf"), "rbd\nnbd\n");
  assert.equal(textAt(edits, "/etc/sysctl.d/99-tpi.conf"), "vm.swappiness = 10\nkernel.panic = 5\n");
});

test("a time zone that the image does not have is refused, and one of an image without any is not", () => {
  const zones = { "/usr/share/zoneinfo": "" };
  const asked = (texts: Readonly<Record<string, string>>) =>
    machineEdits({ ...nobody, timezone: "Europe/Berlin" }, { present: presented(texts) });
  assert.throws(
    () => asked(zones),
    (error) => isFault(error, "IDENTITY_UNFIT"),
  );
  asked({ ...zones, "/usr/share/zoneinfo/Europe/Berlin": "" });
  asked({});
});

for (const { title, text, groups } of [
  {
    title: "a list",
    text: "system_info: {default_user: {groups: [adm, sudo, video, gpio]}}",
    groups: ["video", "gpio"],
  },
  {
    title: "a line",
    text: "system_info:\n  default_user:\n    groups: sudo, audio, lxd\n",
    groups: ["audio"],
  },
  { title: "nothing", text: "users: [default]\n", groups: [] },
  { title: "a template that nobody filled in", text: "{% if variant %}\nsystem_info: [\n", groups: [] },
]) {
  test(`the usual groups of ${title} are those without powers`, () => {
    assert.deepEqual(usualGroups(text), groups);
  });
}

test("a seed is looked for where the image's own cloud-init is told to look", async () => {
  await using image = await opened(await layout("debian-cloud-12"));
  const { root } = image.system;
  const efi = { label: "EFI", tree: root };
  assert.equal(await seedVolume(root, [efi]), undefined);
  await root.write("/etc/cloud/cloud.cfg.d/99-fake-cloud.cfg", "datasource: {NoCloud: {fs_label: efi}}\n");
  assert.equal(await seedVolume(root, [efi]), efi);
  await root.write("/etc/cloud/cloud.cfg.d/99-zz.cfg", "datasource: [this is no mapping\n");
  assert.equal(await seedVolume(root, [efi]), efi, "a file that cannot be read is passed over");
});

test("cloud-init that was switched off takes no seed", async () => {
  await using image = await opened(await layout("rk1-24.04"));
  const { root } = image.system;
  assert.ok(await hasCloudInit(root));
  await root.write("/etc/cloud/cloud-init.disabled", "");
  assert.ok(!(await hasCloudInit(root)));
});
