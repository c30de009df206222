import type { Edit } from "./edit.ts";
import type { Identity } from "./identity.ts";
import type { Present } from "./renderer.ts";
import { rootFile } from "./rootfile.ts";
import { sshConfig } from "./sshserver.ts";

const path = "/etc/ssh/tpi_host_ed25519_key";

/**
 * The host key under a name that no first boot deletes. Raspberry Pi OS (`firstboot` in sys-mods) and Armbian
 * (`armbian-firstrun`) remove every /etc/ssh/ssh_host_* before they make new ones; sshd, told of this key, offers it alone.
 */
export function plantedKeyEdits({ hostKey }: Identity, { text }: Present): readonly Edit[] {
  if (!hostKey) return [];
  const line = `HostKey ${path}\n`;
  const main = text(sshConfig);
  return [
    rootFile(path, hostKey.privateKey.reveal(), 0o600),
    rootFile(`${path}.pub`, `${hostKey.publicKey}\n`),
    /^\s*Include\s+"?\/etc\/ssh\/sshd_config\.d\/\*\.conf/im.test(main)
      ? rootFile("/etc/ssh/sshd_config.d/00-tpi-hostkey.conf", line)
      : { kind: "edit", path: sshConfig, change: (config) => `${line}${config}` },
  ];
}
