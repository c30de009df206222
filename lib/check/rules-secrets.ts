import { isMap, yamlOf } from "./accounts.ts";
import { type Complaint, each, type Files, type Look, type Rule, within } from "./look.ts";

const hint = "keep it out of the image: give it on the first boot, or as a hash";

/** What gives somebody access, and does not belong into an image or not under these modes. */
export const secrets: Rule = {
  name: "secrets",
  check: async (look) => [
    ...(await privateKeys(look)),
    ...(await personal(look)),
    ...(await readable(look)),
    ...(await seeded(look)),
  ],
};

/** Private keys in homes go to every machine of the image; anywhere, they must not be for others to read. */
async function privateKeys({ root }: Look): Promise<readonly Complaint[]> {
  const homes = ["/root", ...(await within(root, "/home"))];
  const folders = [
    ...homes.map((home) => `${home}/.ssh`),
    "/etc/ssh",
    "/etc/ssl/private",
    "/etc/wireguard",
    "/etc/openvpn",
  ];
  const files = (await Promise.all(folders.map((folder) => within(root, folder)))).flat();
  return each(files, async (path) => {
    const text = (await root.text(path)) ?? "";
    const isPrivate = /-----BEGIN [A-Z ]*PRIVATE KEY-----|^\s*PrivateKey\s*=/m.test(text);
    if (!isPrivate) return [];
    const mode = (await root.entry(path))?.mode ?? 0;
    const open = (mode & 0o044) !== 0 && !/^\/etc\/ssl\/private/.test(path);
    return [
      ...(open
        ? [
            {
              severity: "error" as const,
              path,
              text: `is a private key that everybody may read (mode ${mode.toString(8)})`,
              hint: "give it the mode 0600",
            },
          ]
        : []),
      ...(/\/\.ssh\//.test(path)
        ? [
            {
              severity: "warning" as const,
              path,
              text: "is a private key, and every machine of this image has it",
              hint,
            },
          ]
        : []),
    ];
  });
}

const traces = [
  ".netrc",
  ".git-credentials",
  ".bash_history",
  ".zsh_history",
  ".python_history",
  ".pgpass",
  ".aws/credentials",
  ".docker/config.json",
  ".npmrc",
  ".config/gh/hosts.yml",
];

async function personal({ root }: Look): Promise<readonly Complaint[]> {
  const homes = ["/root", ...(await within(root, "/home"))];
  return each(
    homes.flatMap((home) => traces.map((trace) => `${home}/${trace}`)),
    async (path) => {
      const text = await root.text(path);
      const empty =
        text === undefined ||
        text.trim() === "" ||
        (path.endsWith(".npmrc") && !/_auth|_password/i.test(text));
      return empty
        ? []
        : [
            {
              severity: "warning",
              path,
              text: "is left over from somebody's work and may hold passwords",
              hint: "remove it",
            },
          ];
    },
  );
}

/** Files with passphrases of networks, which only root should read. */
async function readable({ root }: Look): Promise<readonly Complaint[]> {
  const folders = [
    ["/etc/NetworkManager/system-connections", /./],
    ["/etc/wpa_supplicant", /\.conf$/],
    ["/etc/netplan", /\.yaml$/],
    ["/etc/wireguard", /\.conf$/],
  ] as const;
  const files = (await Promise.all(folders.map(([folder, pattern]) => within(root, folder, pattern)))).flat();
  return each([...files, "/root/.not_logged_in_yet"], async (path) => {
    const [text, entry] = [await root.text(path), await root.entry(path)];
    const holds = /^\s*"?(psk|password|PRESET_\w*(PASSWORD|KEY)|PrivateKey|passphrase)"?\s*[=:]\s*\S/im.test(
      text ?? "",
    );
    if (!entry || !holds || (entry.mode & 0o077) === 0) return [];
    const what = `holds a passphrase and can be read by others (mode ${entry.mode.toString(8)})`;
    return [
      {
        severity: "error",
        path,
        text: what,
        hint: "give it the mode 0600; NetworkManager refuses it otherwise",
      },
    ];
  });
}

/** Seeds on FAT can be read by whoever holds the disk, and stay there after the first boot. */
async function seeded(look: Look): Promise<readonly Complaint[]> {
  const places: readonly (readonly [Files | undefined, string])[] = [
    [look.seed, "/user-data"],
    [look.root, "/boot/firmware/user-data"],
    [look.root, "/boot/firmware/custom.toml"],
    [look.root, "/boot/firmware/firstrun.sh"],
    [look.root, "/root/.not_logged_in_yet"],
  ];
  return each(places, async ([files, path]) => {
    const text = (await files?.text(path)) ?? "";
    const plain = [...plainPasswords(yamlOf(text)), ...presetPasswords(text)];
    return plain.map((where) => ({
      severity: "warning" as const,
      path,
      text: `${where} is a password in plain text`,
      hint: "use a hash (openssl passwd -6)",
    }));
  });
}

function plainPasswords(data: unknown): readonly string[] {
  if (!isMap(data)) return [];
  const isPlain = (value: unknown) =>
    typeof value === "string" &&
    value !== "" &&
    !/^\$(1|5|6|y|2[aby])\$/.test(value) &&
    !/^[!*]/.test(value) &&
    value !== "R" &&
    value !== "RANDOM";
  const users: readonly unknown[] = Array.isArray(data.users) ? data.users : [];
  const change = isMap(data.chpasswd) ? data.chpasswd : {};
  const changed: readonly unknown[] = Array.isArray(change.users) ? change.users : [];
  const list = Array.isArray(change.list)
    ? change.list.join("\n")
    : typeof change.list === "string"
      ? change.list
      : "";
  return [
    ...(isPlain(data.password) ? ["password"] : []),
    ...users.flatMap((user) =>
      isMap(user) && isPlain(user.plain_text_passwd) ? [`plain_text_passwd of ${String(user.name)}`] : [],
    ),
    ...changed.flatMap((user) =>
      isMap(user) && user.type !== "RANDOM" && isPlain(user.password)
        ? [`chpasswd for ${String(user.name)}`]
        : [],
    ),
    ...list
      .split("\n")
      .flatMap((line) =>
        isPlain(/^[^:]+:(.+)$/.exec(line.trim())?.[1]) ? [`chpasswd for ${line.split(":")[0]?.trim()}`] : [],
      ),
  ];
}

const presetPasswords = (text: string): readonly string[] =>
  [...text.matchAll(/^\s*(PRESET_\w*PASSWORD)=\S+/gm)].map(([, name = ""]) => name);
