import type { Files } from "./spec.ts";

/** What tells one system's root from another's. */
interface RootWords {
  readonly release: readonly string[];
  readonly hostname: string;
  /** Its fstab; MBR images name partitions by the disk id. */
  readonly fstab: readonly string[];
  /** Its first user, if it comes with one: name and uid. */
  readonly user?: string;
  /** Where its boot volume is mounted. */
  readonly boot?: string;
  readonly cloudInit?: boolean;
  readonly more?: Files;
}

/** The files of a Debian-like root, as far as identities and checks look at them. */
export function rootOf(words: RootWords): Files {
  const { user, hostname } = words;
  const people = [
    "root:x:0:0:root:/root:/bin/bash",
    "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin",
    "sshd:x:104:65534::/run/sshd:/usr/sbin/nologin",
    ...(user ? [`${user}:x:1000:1000:,,,:/home/${user}:/bin/bash`] : []),
  ];
  const groups = [
    "root:x:0:",
    "daemon:x:1:",
    "adm:x:4:",
    "shadow:x:42:",
    "sudo:x:27:",
    "video:x:44:",
    "users:x:100:",
    "nogroup:x:65534:",
  ];
  const secrets = people.map((line) => `${line.split(":")[0]}:*:19700:0:99999:7:::`);
  return {
    "usr/lib/os-release": text(words.release),
    "etc/os-release": { link: "../usr/lib/os-release" },
    "etc/hostname": text([hostname]),
    "etc/hosts": text([
      "127.0.0.1\tlocalhost",
      "::1\t\tlocalhost ip6-localhost ip6-loopback",
      "",
      `127.0.1.1\t${hostname}`,
    ]),
    "etc/fstab": text(words.fstab),
    "etc/passwd": text(people),
    "etc/group": text([...groups, ...(user ? [`${user}:x:1000:`] : [])]),
    "etc/shadow": { text: text(secrets), mode: 0o640 },
    "etc/gshadow": { text: text(groups.map((line) => `${line.split(":")[0]}:*::`)), mode: 0o640 },
    "etc/machine-id": "",
    "etc/localtime": { link: "/usr/share/zoneinfo/Etc/UTC" },
    "etc/timezone": "Etc/UTC\n",
    "usr/share/zoneinfo/Etc/UTC": "TZif2\n",
    "usr/share/zoneinfo/Europe/Berlin": "TZif2\n",
    "etc/default/locale": "LANG=C.UTF-8\n",
    "etc/default/keyboard":
      'XKBMODEL="pc105"\nXKBLAYOUT="gb"\nXKBVARIANT=""\nXKBOPTIONS=""\nBACKSPACE="guess"\n',
    "etc/locale.gen": "# de_DE.UTF-8 UTF-8\nen_GB.UTF-8 UTF-8\n",
    "etc/resolv.conf": { link: "/run/systemd/resolve/stub-resolv.conf" },
    "etc/sudoers": { text: "root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n", mode: 0o440 },
    "etc/sudoers.d": { folder: true, mode: 0o750 },
    "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n#PasswordAuthentication yes\nUsePAM yes\n",
    "etc/ssh/sshd_config.d": { folder: true },
    "etc/systemd/system/multi-user.target.wants/cron.service": { link: "/lib/systemd/system/cron.service" },
    "usr/lib/systemd/system/multi-user.target": "[Unit]\nDescription=Multi-User System\n",
    "usr/lib/systemd/system/getty.target": "[Unit]\nDescription=Login Prompts\n",
    "usr/lib/systemd/system/getty@.service": unit("-/sbin/agetty %I"),
    "usr/lib/systemd/system/cron.service": unit("/usr/sbin/cron -f"),
    "usr/lib/systemd/system/ssh.service": unit("/usr/sbin/sshd -D"),
    "usr/lib/systemd/system/systemd-networkd.service": unit("!!/usr/lib/systemd/systemd-networkd"),
    "usr/bin/dash": { text: "\x7fELF\n", mode: 0o755 },
    "usr/bin/sh": { link: "dash" },
    "usr/bin/perl": { text: "\x7fELF\n", mode: 0o755 },
    "usr/sbin/sshd": { text: "\x7fELF\n", mode: 0o755 },
    bin: { link: "usr/bin" },
    sbin: { link: "usr/sbin" },
    lib: { link: "usr/lib" },
    "var/lib/dpkg/status": text(["base-files", "openssh-server", "sudo"].map(packaged)),
    "var/log": { folder: true },
    "var/tmp": { folder: true, mode: 0o1777 },
    tmp: { folder: true, mode: 0o1777 },
    root: { folder: true, mode: 0o700 },
    home: { folder: true },
    run: { folder: true },
    proc: { folder: true },
    ...(user ? { [`home/${user}`]: { folder: true, mode: 0o750 } as const } : {}),
    ...(words.boot ? { [words.boot]: { folder: true } as const } : {}),
    ...(words.cloudInit ? cloudInit : {}),
    ...words.more,
  };
}

const cloudInit: Files = {
  "etc/cloud/cloud.cfg":
    "datasource_list: [ NoCloud, None ]\nsystem_info:\n  default_user:\n    name: ubuntu\n",
  "etc/cloud/cloud.cfg.d/05_logging.cfg": "output: {all: '| tee -a /var/log/cloud-init-output.log'}\n",
  "usr/bin/cloud-init": { text: "#!/usr/bin/python3\n", mode: 0o755 },
  "usr/lib/systemd/system/cloud-init.service": unit("/usr/bin/cloud-init init"),
  "etc/netplan": { folder: true },
  "usr/sbin/netplan": { text: "#!/usr/bin/python3\n", mode: 0o755 },
  "var/lib/cloud": { folder: true },
};

/** Lines with an end to each. */
export const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** An os-release of these fields. */
export const release = (fields: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(fields).map(
    ([name, value]) => `${name}=${/\W/.test(value) ? JSON.stringify(value) : value}`,
  );

function unit(command: string): string {
  return `[Unit]\nDescription=${command}\n\n[Service]\nExecStart=${command}\n\n[Install]\nWantedBy=multi-user.target\n`;
}

function packaged(name: string): string {
  const fields = { Package: name, Status: "install ok installed", Architecture: "arm64", Version: "1.0-1" };
  return text(Object.entries(fields).map(([field, value]) => `${field}: ${value}`));
}
