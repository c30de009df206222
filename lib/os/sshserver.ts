import type { Edit } from "./edit.ts";
import type { Identity, Services, SshServer } from "./identity.ts";
import type { Present } from "./renderer.ts";
import { rewritten, rootFile, unfit } from "./rootfile.ts";
import { isEnabled } from "./services.ts";

/** Ubuntu since 22.10 starts it by the socket, others by the service. */
const servers = ["ssh.service", "sshd.service", "ssh.socket"] as const;
const keyMaker = "regenerate_ssh_host_keys.service";

/** The units that the SSH server is made of. */
export const sshUnits: readonly string[] = [...servers, keyMaker];

/** Where the server's settings are read from. */
export const sshConfig = "/etc/ssh/sshd_config";

const hostKeyPath = "/etc/ssh/ssh_host_ed25519_key";

/**
 * The server's settings and its host key. Settings stand in a file of sshd_config.d that is read first, because the
 * first word on a matter counts, or, where that folder is not read, in sshd_config in place of its own.
 */
export const sshEdits = (identity: Identity, present: Present): readonly Edit[] => [
  ...settings(identity.ssh ?? {}, present),
  ...hostKeyFiles(identity),
];

/**
 * The services that the SSH server needs on or off: Raspberry Pi OS leaves it off, and makes new host keys on its first
 * boot over those that were planted.
 */
export function sshServices(identity: Identity, present: Present): Services {
  const { files } = present.units;
  const refused = (identity.services?.disable ?? []).some((one) => /^sshd?(\.|$)/.test(one));
  const off = comesIn(identity) && !refused && !servers.some((name) => isEnabled(name, present));
  return {
    enable: off ? servers.filter((name) => files.has(name) && name !== "ssh.socket").slice(0, 1) : [],
    disable: identity.hostKey && isEnabled(keyMaker, present) ? [keyMaker] : [],
  };
}

/** The words of sshd_config(5) for what was said. */
export function sshdWords({ port, passwords, root }: SshServer): readonly (readonly [string, string])[] {
  const roots = { no: "no", keys: "prohibit-password", yes: "yes" };
  return [
    ...(port === undefined ? [] : [["Port", String(port)] as const]),
    ...(passwords === undefined
      ? []
      : [
          ["PasswordAuthentication", passwords ? "yes" : "no"] as const,
          ...(passwords ? [] : [["KbdInteractiveAuthentication", "no"] as const]),
        ]),
    ...(root === undefined ? [] : [["PermitRootLogin", roots[root]] as const]),
  ];
}

function settings(server: SshServer, present: Present): readonly Edit[] {
  const words = sshdWords(server);
  if (words.length === 0) return [];
  const main = present.text(sshConfig);
  if (main === "") throw unfit(present.facts, "settings of the SSH server", `it has no ${sshConfig}`);
  const text = words.map(([key, value]) => `${key} ${value}\n`).join("");
  if (!includesFirst(main)) return [rewritten(sshConfig, `${text}${without(main, words)}`)];
  const ports = server.port !== undefined && /^\s*port\s/im.test(main); // a second Port is one more port
  return [
    rootFile("/etc/ssh/sshd_config.d/00-tpi.conf", text, 0o600),
    ...(ports ? [rewritten(sshConfig, without(main, [["Port", ""]]))] : []),
  ];
}

/** Whether the folder is read before any other word. */
const includesFirst = (main: string): boolean =>
  /^\s*Include\s+"?(\/etc\/ssh\/)?sshd_config\.d\/\*\.conf"?\s*$/i.test(
    main.split("\n").find((line) => /^\s*[^#\s]/.test(line)) ?? "",
  );

/** The file without its own lines on a matter; those inside Match blocks are conditions and stay. */
function without(main: string, words: readonly (readonly [string, string])[]): string {
  const keys = words.map(([key]) => key.toLowerCase());
  const lines = main.split("\n");
  const match = lines.findIndex((line) => /^\s*match\s/i.test(line));
  const said = (line: string) => keys.includes(/^\s*#?(\w+)[\s=]/.exec(line)?.[1]?.toLowerCase() ?? "");
  return lines.filter((line, at) => (match >= 0 && at >= match) || !said(line)).join("\n");
}

function hostKeyFiles({ hostKey }: Identity): readonly Edit[] {
  if (!hostKey) return [];
  return [
    rootFile(hostKeyPath, hostKey.privateKey.reveal(), 0o600),
    rootFile(`${hostKeyPath}.pub`, `${hostKey.publicKey}\n`),
  ];
}

/** Whether the identity speaks of anybody who would come by SSH. */
const comesIn = ({ users, root, ssh, hostKey }: Identity): boolean =>
  [...users, ...(root ? [root] : [])].some(({ keys }) => keys.length > 0) ||
  ssh?.passwords === true ||
  hostKey !== undefined;
