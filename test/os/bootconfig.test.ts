import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "../../lib/core/fault.ts";
import { bootEdits } from "../../lib/os/bootconfig.ts";
import {
  cmdlineTxtWith,
  cmdlineWith,
  envLineWith,
  extlinuxOverlays,
  extlinuxWith,
  grubWith,
  quotedLineWith,
} from "../../lib/os/cmdline.ts";
import { configTxtWith } from "../../lib/os/configtxt.ts";
import type { BootSettings } from "../../lib/os.ts";
import { presented, textAt } from "./presented.ts";

const bookworm =
  "console=serial0,115200 console=tty1 root=PARTUUID=4e639091-02 rootfstype=ext4 fsck.repair=yes rootwait quiet init=/usr/lib/raspberrypi-sys-mods/firstboot";

const lines: readonly (readonly [string, string, Parameters<typeof cmdlineWith>[1], string])[] = [
  ["nothing is asked", "a b", {}, "a b"],
  ["a word is added at the end", "a b", { add: ["c"] }, "a b c"],
  ["a word that is there stays where it is", "c a", { add: ["c"] }, "c a"],
  ["a word is asked for twice", "a", { add: ["b", "b"] }, "a b"],
  ["a word is taken", "a quiet b", { remove: ["quiet"] }, "a b"],
  ["a word that is not there is taken", "a", { remove: ["quiet"] }, "a"],
  ["a word is no prefix of another", "console=tty10", { remove: ["console=tty1"] }, "console=tty10"],
  ["every value of a key is taken", "console=tty1 a console=ttyS0", { remove: ["console="] }, "a"],
  ["a value takes another's place", "r=GB a", { remove: ["r="], add: ["r=DE"] }, "a r=DE"],
  ["a quoted value is one word", 'dyndbg="file a +p" b', { remove: ["b"] }, 'dyndbg="file a +p"'],
  ["blanks are many", "  a\t b ", { add: ["c"] }, "a b c"],
  ["the first boot's init stays", bookworm, { remove: ["quiet"] }, bookworm.replace(" quiet", "")],
];
for (const [title, line, wish, after] of lines) {
  test(`a kernel command line is as wished where ${title}`, () => {
    assert.equal(cmdlineWith(line, wish), after);
  });
}

test("a kernel command line that was changed once is not changed by the same wish again", () => {
  const word = fc.stringMatching(/^[a-z]{1,4}(=[a-z0-9,]{0,4})?$/);
  fc.assert(
    fc.property(fc.array(word), fc.array(word), fc.array(word), (line, add, remove) => {
      const once = cmdlineWith(line.join(" "), { add, remove });
      assert.equal(cmdlineWith(once, { add }), once);
      for (const one of add) assert.ok(once.split(" ").includes(one));
    }),
  );
});

test("cmdline.txt stays one line for the firmware, whatever line ends it had", () => {
  assert.equal(cmdlineTxtWith("a b\r\n", { add: ["c"] }), "a b c\n");
  assert.equal(cmdlineTxtWith("a b", { add: ["c"] }), "a b c\n");
  assert.equal(cmdlineTxtWith("a\n# a note\n", { add: ["c"] }), "a c\n# a note\n");
});

const stock =
  "# a comment\ndtparam=audio=on\n#dtparam=spi=on\ndtoverlay=vc4-kms-v3d\n\n[cm4]\notg_mode=1\n\n[all]\n";
const configs: readonly (readonly [string, string, Parameters<typeof configTxtWith>[1], string])[] = [
  ["the file is empty", "", { config: { arm_boost: 1 } }, "arm_boost=1\n"],
  ["a key is new", stock, { config: { enable_uart: 1 } }, `${stock}enable_uart=1\n`],
  ["a key has another value", "a=1\n[all]\n", { config: { a: 2 } }, "a=2\n[all]\n"],
  ["a key is there twice", "a=1\na=2\n", { config: { a: 3 } }, "a=3\n"],
  ["a key has that value", "a = 1\n", { config: { a: 1 } }, "a=1\n"],
  ["a key is in another section", "[pi4]\na=1\n", { config: { a: 2 } }, "[pi4]\na=1\n[all]\na=2\n"],
  [
    "a key is for a section that is there",
    stock,
    { config: { "cm4/otg_mode": 0 } },
    stock.replace("otg_mode=1", "otg_mode=0"),
  ],
  [
    "a parameter is new in a section after an overlay",
    stock,
    { config: { "cm4/dtparam": "ant2" } },
    stock.replace("otg_mode=1\n", "otg_mode=1\ndtoverlay=\ndtparam=ant2\n"),
  ],
  ["a section is new", "a=1\n", { config: { "pi5/a": 2 } }, "a=1\n[pi5]\na=2\n[all]\n"],
  [
    "a parameter has another value",
    stock,
    { config: { dtparam: "audio=off" } },
    stock.replace("audio=on", "audio=off"),
  ],
  [
    "a parameter is new after an overlay",
    "dtoverlay=x\n",
    { config: { dtparam: "i2c_arm=on,spi=on" } },
    "dtoverlay=x\ndtoverlay=\ndtparam=i2c_arm=on\ndtparam=spi=on\n",
  ],
  ["an overlay is new", "a=1\n", { overlays: ["disable-bt"] }, "a=1\ndtoverlay=disable-bt\n"],
  [
    "an overlay has other parameters",
    stock,
    { overlays: ["vc4-kms-v3d,noaudio"] },
    stock.replace("vc4-kms-v3d", "vc4-kms-v3d,noaudio"),
  ],
  ["line ends are those of Windows", "a=1\r\nb=2\r\n", { config: { a: 3 } }, "a=3\nb=2\n"],
];
for (const [title, text, wish, after] of configs) {
  test(`config.txt is as wished where ${title}, and a second time too`, () => {
    const once = configTxtWith(text, wish);
    assert.equal(once, after);
    assert.equal(configTxtWith(once, wish), once);
  });
}

const extlinux = `default l0
label l0
\tmenu label Ubuntu
\tlinux /boot/vmlinuz
\tinitrd /boot/initrd.img
\tfdtdir /lib/firmware/device-tree/
\tappend root=UUID=1 rootwait quiet

label l0r
\tlinux /boot/vmlinuz
\tappend root=UUID=1 single
`;

test("every entry of extlinux.conf gets the words, the rescue entry too", () => {
  const after = extlinuxWith(extlinux, { add: ["cma=64M"], remove: ["quiet"] });
  assert.match(after, /append root=UUID=1 rootwait cma=64M$/m);
  assert.match(after, /append root=UUID=1 single cma=64M$/m);
  assert.equal(after.split("\n").length, extlinux.split("\n").length);
});

test("overlays stand in every entry of extlinux.conf once", () => {
  const once = extlinuxOverlays(extlinux, ["/lib/a.dtbo", "/lib/b.dtbo"]);
  assert.equal(once.match(/^\tfdtoverlays \/lib\/a\.dtbo \/lib\/b\.dtbo$/gm)?.length, 2);
  assert.equal(extlinuxOverlays(once, ["/lib/b.dtbo"]), once);
  assert.match(once, /^default l0\nlabel/);
});

test("a boot environment keeps its other lines, and gets a line that it lacks", () => {
  const text = "verbosity=1\nextraargs=cma=256M\noverlays=uart1\n";
  assert.equal(
    envLineWith(text, "extraargs", { add: ["quiet"] }),
    "verbosity=1\nextraargs=cma=256M quiet\noverlays=uart1\n",
  );
  assert.equal(envLineWith("a=1", "overlays", { add: ["x", "y"] }), "a=1\noverlays=x y\n");
});

test("a quoted setting stays quoted, and a kernel's path stays before its words", () => {
  assert.equal(quotedLineWith('A="x"\n', "A", { add: ["y"] }), 'A="x y"\n');
  assert.equal(
    grubWith("\tlinux\t/boot/vmlinuz root=UUID=1 ro  \n", { add: ["quiet"] }),
    "\tlinux\t/boot/vmlinuz root=UUID=1 ro quiet\n",
  );
});

const chains: readonly (readonly [string, Record<string, string>, BootSettings, Record<string, RegExp>])[] = [
  [
    "a Raspberry Pi",
    { "boot:/config.txt": "a=1\n", "boot:/cmdline.txt": `${bookworm}\n` },
    { cmdline: { add: ["cgroup_enable=memory"] }, overlays: ["disable-bt"], config: { enable_uart: 1 } },
    {
      "/config.txt": /^a=1\ndtoverlay=disable-bt\nenable_uart=1\n$/,
      "/cmdline.txt": / init=\S+firstboot cgroup_enable=memory\n$/,
    },
  ],
  [
    "Armbian",
    { "/boot/armbianEnv.txt": "extraargs=a\n" },
    { cmdline: { add: ["b"] }, overlays: ["rk3588-sata1"] },
    { "/boot/armbianEnv.txt": /^extraargs=a b\noverlays=rk3588-sata1\n$/ },
  ],
  [
    "Ubuntu 22.04 for the RK1",
    { "boot:/ubuntuEnv.txt": "bootargs=root=UUID=1 quiet\noverlays=\n" },
    { cmdline: { add: ["b"], remove: ["quiet"] }, overlays: ["o"] },
    { "/ubuntuEnv.txt": /^bootargs=root=UUID=1 b\noverlays=o\n$/ },
  ],
  [
    "Ubuntu 24.04 for the RK1, whose extlinux.conf is generated",
    {
      "/boot/extlinux/extlinux.conf": extlinux,
      "/etc/default/u-boot": '#x\nU_BOOT_PARAMETERS="rootwait"\n',
      "/etc/kernel/cmdline": "rootwait\n",
    },
    { cmdline: { add: ["cma=64M"] } },
    {
      "/boot/extlinux/extlinux.conf": /quiet cma=64M/,
      "/etc/default/u-boot": /^#x\nU_BOOT_PARAMETERS="rootwait cma=64M"\n$/,
      "/etc/kernel/cmdline": /^rootwait cma=64M\n$/,
    },
  ],
];
for (const [name, texts, settings, after] of chains) {
  test(`boot settings reach every file of ${name}, and none that is not there`, () => {
    const edits = bootEdits(settings, presented(texts));
    assert.deepEqual(edits.map(({ path }) => path).sort(), Object.keys(after).sort());
    for (const [path, text] of Object.entries(after)) assert.match(textAt(edits, path) ?? "", text);
  });
}

const refusals: readonly (readonly [string, Record<string, string>, BootSettings])[] = [
  ["config.txt where there is none", { "/boot/armbianEnv.txt": "a=1\n" }, { config: { a: 1 } }],
  ["kernel words where no boot chain is known", {}, { cmdline: { add: ["a"] } }],
  ["overlays by bare name for extlinux", { "/boot/extlinux/extlinux.conf": extlinux }, { overlays: ["a"] }],
  ["overlays for GRUB", { "/boot/grub/grub.cfg": "linux /a\n" }, { overlays: ["a"] }],
  ["words to take from GRUB", { "/boot/grub/grub.cfg": "linux /a\n" }, { cmdline: { remove: ["a"] } }],
];
for (const [what, texts, settings] of refusals) {
  test(`boot settings refuse ${what} before anything is written`, () => {
    assert.throws(
      () => bootEdits(settings, presented(texts)),
      (error) => isFault(error, "IDENTITY_UNFIT"),
    );
  });
}

test("boot settings that say nothing change nothing, whatever the image has", () => {
  assert.deepEqual(bootEdits({}, presented({ "boot:/config.txt": "a=1\n" })), []);
  assert.deepEqual(bootEdits({ cmdline: {}, overlays: [], config: {} }, presented({})), []);
});
