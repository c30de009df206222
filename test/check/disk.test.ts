import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { modeText } from "../../lib/cli/inside.ts";
import { image } from "../../lib/image.ts";
import { type ImageFixture, rk1Image } from "../disk/fixture.ts";
import { tempFolder } from "../disk/tools.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;
let fixture: ImageFixture;

before(async () => {
  folder = await tempFolder();
  process.env.TPI_HOME = path.join(folder.path, "home");
  fixture = await rk1Image(folder.path, { from: seedSystem(path.join(folder.path, "seed")) });
});
after(() => folder[Symbol.asyncDispose]());

/** What the image generator of reference/images.md §1.1 leaves in an image. */
function seedSystem(root: string): string {
  const put = (name: string, text: string, mode = 0o644) => {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
  };
  put(
    "etc/fstab",
    "LABEL=CIDATA /boot/firmware vfat defaults 0 1\nPARTUUID=00000000-02 / ext4 defaults 0 1\n",
  );
  put("usr/local/bin/firstboot.sh", "apt-get install -y x\n#!/bin/bash\nexec > /boot/firstboot.log\n", 0o755);
  put(
    "etc/systemd/system/firstboot.service",
    "[Unit]\n[Service]\nUser=hive\nExecStart=/usr/local/bin/firstboot.sh\n",
  );
  put("etc/rc.local", "#!/bin/sh -e\n# does nothing\n/etc/wireguard/firewall.sh fi\nfi\nexit 0\n", 0o755);
  put("etc/ssh/sshd_config", "#PasswordAuthentication yes\n#PermitRootLogin prohibit-password\n");
  put("home/pi/.ssh/authorized_keys", `ssh-ed25519 ${"A".repeat(68)} a@b\n`, 0o666);
  put("etc/default/locale", "LANG=de_DE.UTF-8\n");
  put("etc/apt/sources.list", "deb http://deb.debian.org/debian bullseye main\n");
  const wants = path.join(root, "etc/systemd/system/multi-user.target.wants");
  mkdirSync(wants, { recursive: true });
  symlinkSync("/etc/systemd/system/gone.service", path.join(wants, "gone.service"));
  symlinkSync("/lib/systemd/system/wg-quick@.service", path.join(wants, "wg-quick@wg0.service"));
  return root;
}

test("check finds what the seed system does wrong, in the image itself", async () => {
  const { findings, errors, os } = await image(fixture.path).check();
  assert.equal(os, "Ubuntu 24.04 LTS");
  assert.equal(errors, findings.filter(({ severity }) => severity === "error").length);
  const rules = new Set(findings.map(({ rule }) => rule));
  const wanted = ["enable-links", "unit-files", "unit-instances", "scripts", "boot-paths", "fstab", "locale"];
  assert.deepEqual(
    wanted.filter((rule) => !rules.has(rule)),
    [],
  );
  const names = findings.find(({ rule }) => rule === "fstab");
  assert.match(names?.hint ?? "", /LABEL=CIDATA UUID=ABCD-1234 PARTUUID=[0-9a-f-]{36}/);
});

test("check looks at an image as its description makes it", async () => {
  const broken = image(fixture.path).write("/usr/local/bin/own", "if true; then\n", { mode: 0o755 });
  const found = (await broken.check()).findings.filter(({ path: at }) => at === "/usr/local/bin/own");
  assert.deepEqual(
    found.map(({ rule }) => rule),
    ["scripts", "scripts"],
  );
  const mended = broken.write("/usr/local/bin/own", "#!/bin/sh\nif true; then :; fi\n", { mode: 0o755 });
  const { findings } = await mended.check();
  assert.ok(!findings.some(({ path: at, text }) => at === "/usr/local/bin/own" && /syntax|no #!/.test(text)));
});

test("tpix image check ends with 1 where something is wrong, and prints what", async () => {
  const tpix = path.resolve(import.meta.dirname, "../../bin/tpix");
  const ran = await promisify(execFile)(process.execPath, [tpix, "image", "check", fixture.path]).catch(
    (error: unknown) => error,
  );
  const { code, stdout } = ran as { code: number; stdout: string }; // execFile's own error
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^error {4}\/etc\/systemd\/system\/multi-user\.target\.wants\/gone\.service enables gone\.service/m,
  );
});

test("tpix image ls and cat show what is in an image", async () => {
  const tpix = path.resolve(import.meta.dirname, "../../bin/tpix");
  const ran = async (...words: readonly string[]) =>
    (await promisify(execFile)(process.execPath, [tpix, "image", ...words])).stdout;
  assert.equal(await ran("cat", fixture.path, "/etc/default/locale"), "LANG=de_DE.UTF-8\n");
  const rows = (await ran("ls", fixture.path, "/etc/systemd/system/multi-user.target.wants")).split("\n");
  assert.match(rows[0] ?? "", /^mode +owner +size +changed \(UTC\) +name$/);
  assert.match(rows[1] ?? "", /^lrwxrwxrwx .* gone\.service -> \/etc\/systemd\/system\/gone\.service$/);
  const firstboot = await ran("ls", fixture.path, "/usr/local/bin");
  assert.match(firstboot, /^-rwxr-xr-x +0:0 +60 B +\d{4}-\d\d-\d\d \d\d:\d\d +firstboot\.sh$/m);
  assert.match(await ran("ls", fixture.path, "--volume", "seed"), / user-data$/m);
  await assert.rejects(ran("ls", fixture.path, "/nowhere"), { code: 3, stderr: /PATH_MISSING/ });
});

test("modes are printed as ls prints them", () => {
  const said = [0o644, 0o755, 0o4755, 0o2644, 0o1777, 0o1700].map((mode) => modeText("file", mode));
  const wanted = ["-rw-r--r--", "-rwxr-xr-x", "-rwsr-xr-x", "-rw-r-Sr--", "-rwxrwxrwt", "-rwx-----T"];
  assert.deepEqual(said, wanted);
  assert.equal(modeText("folder", 0o750), "drwxr-x---");
});

test("tpix image show tells the layout, the system and the engine", async () => {
  const tpix = path.resolve(import.meta.dirname, "../../bin/tpix");
  const { stdout } = await promisify(execFile)(process.execPath, [tpix, "image", "show", fixture.path]);
  await assert.rejects(promisify(execFile)(process.execPath, [tpix, "image", "show", "ftp://mirror/x.img"]), {
    code: 2,
    stderr: 'error: "ftp://mirror/x.img" is neither a file nor an https address\n',
  });
  assert.match(stdout, /^table {3}gpt$/m);
  assert.match(stdout, /^ +1 .* fat +CIDATA/m);
  assert.match(stdout, /^system {2}Ubuntu 24\.04 LTS.*CIDATA$/m);
  assert.match(stdout, /^engine {2}overlay$/m);
});
