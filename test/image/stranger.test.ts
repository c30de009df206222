import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { type Image, image } from "../../lib/image.ts";
import { must, tempFolder } from "../disk/tools.ts";
import { type LayoutName, layout } from "../layouts/layout.ts";

/** What a stranger says, and where outside tools must find it: a file's text (`fat:` by mtools), a link, or a mode and owner. */
interface Word {
  readonly said: string;
  readonly say: (base: Image) => Image;
  readonly there: readonly (readonly [at: string, holds: RegExp])[];
}

const key = (letter: string) => `ssh-ed25519 ${letter.repeat(68)} x`;
const port = (name: string) => ({
  match: { name },
  addresses: "dhcp" as const,
  gateways: [],
  dns: [],
  search: [],
});
const keyfiles = "/etc/NetworkManager/system-connections";
const wants = "/etc/systemd/system/multi-user.target.wants";

/** On Raspberry Pi OS Bookworm, where all of it is files. */
const words: readonly Word[] = [
  {
    said: "hostname",
    say: (it) => it.hostname("hive-1"),
    there: [
      ["/etc/hostname", /^hive-1\n$/],
      ["/etc/hosts", /^127\.0\.1\.1\s+hive-1$/m],
    ],
  },
  {
    said: "nic by MAC, both families, DNS, search, a route",
    say: (it) =>
      it.nic({
        match: { mac: "02:00:00:00:00:01" },
        addresses: ["10.0.0.7/24", "fd00::7/64"],
        gateways: ["10.0.0.1", "fd00::1"],
        dns: ["1.1.1.1"],
        search: ["lan"],
        routes: [{ to: "10.9.0.0/16", via: "10.0.0.254", metric: 50 }],
      }),
    there: [
      [
        `${keyfiles}/nic0.nmconnection`,
        /mac-address=02:00.*address1=10\.0\.0\.7\/24\ngateway=10\.0\.0\.1\ndns=1\.1\.1\.1;\ndns-search=lan;\nroute1=10\.9\.0\.0\/16,10\.0\.0\.254,50.*address1=fd00::7\/64\ngateway=fd00::1/s,
      ],
    ],
  },
  {
    said: "nic by name with DHCP, a second one with a VLAN",
    say: (it) => it.nic(port("eth1")).nic({ ...port("eth0"), vlan: 20 }),
    there: [
      [`${keyfiles}/nic0.nmconnection`, /interface-name=eth1.*method=auto/s],
      [`${keyfiles}/nic1.20.nmconnection`, /type=vlan.*id=20/s],
    ],
  },
  {
    said: "wifi",
    say: (it) => it.wifi("home", { country: "DE", password: "honey honey" }),
    there: [
      [`${keyfiles}/nic0.nmconnection`, /ssid=home.*psk=[0-9a-f]{64}/s],
      [`stat ${keyfiles}/nic0.nmconnection`, /Mode: +0600/],
      ["fat:cmdline.txt", /regdom=DE/],
    ],
  },
  {
    said: "user with a password, groups, a shell, sudo by password",
    say: (it) =>
      it.user("ops", {
        password: "correct horse",
        groups: ["video", "i2c"],
        shell: "/usr/bin/sh",
        sudo: "password",
      }),
    there: [
      ["/etc/passwd", /^ops:x:1000:1000:.*:\/home\/ops:\/usr\/bin\/sh$/m],
      ["/etc/shadow", /^ops:\$6\$/m],
      ["/etc/group", /^video:x:44:ops$/m],
      ["/etc/group", /^i2c:x:\d+:ops$/m],
      ["/etc/sudoers.d/90-tpi-users", /^ops .*ALL$/m],
    ],
  },
  {
    said: "user with keys and sudo without password",
    say: (it) => it.user("bot", { keys: key("B"), sudo: "nopasswd" }),
    there: [
      ["/home/bot/.ssh/authorized_keys", /^ssh-ed25519 B+ x$/m],
      ["stat /home/bot/.ssh/authorized_keys", /Mode: +0600[\s\S]*User: +1000 +Group: +1000/],
      ["/etc/sudoers.d/90-tpi-users", /^bot .*NOPASSWD: ?ALL$/m],
      ["/etc/shadow", /^bot:[*!]/m],
    ],
  },
  {
    said: "root",
    say: (it) => it.root({ keys: key("C") }),
    there: [["/root/.ssh/authorized_keys", /^ssh-ed25519 C+ x$/m]],
  },
  {
    said: "ssh",
    say: (it) => it.ssh({ port: 2222, passwords: false, root: "keys" }),
    there: [
      [
        "/etc/ssh/sshd_config.d/00-tpi.conf",
        /^Port 2222\nPasswordAuthentication no\n[\s\S]*PermitRootLogin prohibit-password$/m,
      ],
    ],
  },
  {
    said: "timezone",
    say: (it) => it.timezone("Europe/Berlin"),
    there: [
      ["stat /etc/localtime", /dest: "\.\.\/usr\/share\/zoneinfo\/Europe\/Berlin"/],
      ["/etc/timezone", /^Europe\/Berlin\n$/],
    ],
  },
  {
    said: "locale",
    say: (it) => it.locale("de_DE.UTF-8"),
    there: [
      ["/etc/default/locale", /^LANG=de_DE\.UTF-8\n$/],
      ["/etc/locale.gen", /^de_DE\.UTF-8 UTF-8$/m],
      ["/usr/lib/tpi/firstboot/plan", /locale/],
    ],
  },
  {
    said: "keyboard",
    say: (it) => it.keyboard("de", { variant: "nodeadkeys" }),
    there: [["/etc/default/keyboard", /^XKBLAYOUT="de"\nXKBVARIANT="nodeadkeys"$/m]],
  },
  {
    said: "boot, typed",
    say: (it) =>
      it.boot({ cmdline: ["cgroup_memory=1"], overlays: ["disable-bt"], config: { enable_uart: 1 } }),
    there: [
      ["fat:cmdline.txt", /^[^\n]* cgroup_memory=1\n$/],
      ["fat:config.txt", /^dtoverlay=disable-bt$[\s\S]*^enable_uart=1$/m],
    ],
  },
  {
    said: "boot, raw",
    say: (it) =>
      it
        .append("/boot/firmware/config.txt", "arm_boost=1\n")
        .edit("/boot/firmware/cmdline.txt", (text) => text.replace("quiet", "loglevel=7")),
    there: [
      ["fat:config.txt", /^arm_boost=1$/m],
      ["fat:cmdline.txt", / loglevel=7 /],
    ],
  },
  {
    said: "modules",
    say: (it) => it.modules("nvme", "br_netfilter"),
    there: [["/etc/modules-load.d/tpi.conf", /^nvme\nbr_netfilter\n$/]],
  },
  {
    said: "sysctl",
    say: (it) => it.sysctl({ "net.ipv4.ip_forward": 1 }),
    there: [["/etc/sysctl.d/99-tpi.conf", /^net\.ipv4\.ip_forward = 1\n$/]],
  },
  {
    said: "packages",
    say: (it) => it.packages("nvme-cli", "curl"),
    there: [["/usr/lib/tpi/firstboot/001-packages", /install -y nvme-cli curl$/m]],
  },
  {
    said: "services",
    say: (it) => it.services({ enable: ["ssh"], disable: ["cron"], mask: ["apt-daily.timer"] }),
    there: [
      [`stat ${wants}/ssh.service`, /dest: "\/usr\/lib\/systemd\/system\/ssh\.service"/],
      [`stat ${wants}/cron.service`, /not found/],
      ["stat /etc/systemd/system/apt-daily.timer", /dest: "\/dev\/null"/],
    ],
  },
  {
    said: "firstBoot",
    say: (it) => it.firstBoot("one", "echo 1", { network: true }).firstBoot("two", "echo 2"),
    there: [
      ["/usr/lib/tpi/firstboot/plan", /^001-one network\n002-two -\n$/],
      [`stat ${wants}/tpi-firstboot.service`, /tpi-firstboot\.service"/],
    ],
  },
  {
    said: "write, with mode and owner by name",
    say: (it) => it.write("/opt/a", Uint8Array.of(104, 105, 10), { mode: 0o640, owner: "daemon:video" }),
    there: [
      ["/opt/a", /^hi\n$/],
      ["stat /opt/a", /Mode: +0640[\s\S]*User: +1 +Group: +44/],
    ],
  },
  {
    said: "mkdir, chmod and chown to the bottom",
    say: (it) =>
      it
        .mkdir("/srv/a/b")
        .write("/srv/a/b/c", "")
        .chmod("/srv/a", 0o750, { recursive: true })
        .chown("/srv/a", "daemon", { recursive: true }),
    there: [["stat /srv/a/b/c", /Mode: +0750[\s\S]*User: +1 +Group: +1/]],
  },
  {
    said: "symlink and remove",
    say: (it) => it.symlink("/etc/hosts", "/srv/hosts").remove("/etc/locale.gen"),
    there: [
      ["stat /srv/hosts", /dest: "\/etc\/hosts"/],
      ["stat /etc/locale.gen", /not found/],
    ],
  },
  {
    said: "template and modify",
    say: (it) =>
      it
        .template("{{what}}\n", "/etc/issue", { what: "ours" })
        .modify((fs) => fs.append("/etc/issue", "more\n")),
    there: [["/etc/issue", /^ours\nmore\n$/]],
  },
  {
    said: "epoch",
    say: (it) => it.epoch(new Date("2024-01-02T03:04:05Z")).write("/etc/new", ""),
    there: [["stat /etc/new", /mtime: 0x65937d25/]],
  },
];

let folder: Awaited<ReturnType<typeof tempFolder>>;

before(async () => {
  folder = await tempFolder();
  process.env.TPI_HOME = path.join(folder.path, "home");
});
after(() => folder[Symbol.asyncDispose]());

const at = { boot: 4 << 20, root: 40 << 20 }; // of that layout
const name: LayoutName = "raspios-bookworm";

for (const { said, say, there } of words) {
  test(`the word ${said} is in the image, as debugfs and mtools read it`, async () => {
    const file = path.join(folder.path, "out.img");
    await say(image(await layout(name))).save(file);
    for (const [place, holds] of there) {
      const text = place.startsWith("fat:")
        ? await must("mtype", "-i", `${file}@@${at.boot}`, `::${place.slice(4)}`)
        : await must(
            "debugfs",
            "-R",
            place.startsWith("stat ") ? place : `cat ${place}`,
            `${file}?offset=${at.root}`,
          );
      assert.match(text.replace(/^debugfs [^\n]*\n/m, ""), holds, place);
    }
  });
}
