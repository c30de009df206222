import * as z from "zod";
import { isMap, yamlOf } from "./accounts.ts";
import { issuesOf } from "./issues.ts";
import { type Complaint, each, type Rule, within } from "./look.ts";

const prefixed = z.union([z.cidrv4(), z.cidrv6()], "needs a prefix length, such as 10.0.0.2/24");
const address = z.union([prefixed, z.looseObject({})], "needs a prefix length, such as 10.0.0.2/24");
const target = z.union(
  [
    z.literal("default"),
    z.literal("0.0.0.0/0"),
    z.literal("::/0"),
    z.cidrv4(),
    z.cidrv6(),
    z.ipv4(),
    z.ipv6(),
  ],
  "is neither a network nor `default`",
);
const bool = z.boolean("is not true or false");

/** The settings that all kinds of interfaces share (netplan's YAML reference). */
const common = {
  dhcp4: bool.optional(),
  dhcp6: bool.optional(),
  addresses: z.array(address, "is not a list").optional(),
  nameservers: z
    .looseObject({
      addresses: z.array(z.union([z.ipv4(), z.ipv6()], "is not an IP address")).optional(),
      search: z.array(z.string()).optional(),
    })
    .optional(),
  routes: z
    .array(
      z.looseObject({ to: target, via: z.union([z.ipv4(), z.ipv6()], "is not an IP address").optional() }),
    )
    .optional(),
  mtu: z.int("is not a number").optional(),
  optional: bool.optional(),
  match: z
    .looseObject({
      macaddress: z.string().optional(),
      name: z.union([z.string(), z.array(z.string())]).optional(),
    })
    .optional(),
};
const interfaces = <S extends z.ZodRawShape>(shape: S) =>
  z.record(z.string(), z.looseObject({ ...common, ...shape }), "is not a map of interfaces").optional();

const network = z.strictObject({
  version: z.literal(2, "is not 2"),
  renderer: z
    .enum(["networkd", "NetworkManager", "sriov"], "is neither networkd nor NetworkManager")
    .optional(),
  ethernets: interfaces({}),
  wifis: interfaces({ "access-points": z.record(z.string(), z.unknown(), "is not a map of networks") }),
  bonds: interfaces({ interfaces: z.array(z.string(), "is not a list of interfaces") }),
  bridges: interfaces({}),
  vlans: interfaces({ id: z.int("is not a number").min(1).max(4094), link: z.string("is not an interface") }),
  tunnels: interfaces({}),
  vrfs: interfaces({}),
  modems: interfaces({}),
  "dummy-devices": interfaces({}),
  "virtual-ethernets": interfaces({}),
});

/** netplan refuses a file as a whole for one wrong key, and the machine then has no network at all. */
export const netplan: Rule = {
  name: "netplan",
  check: async ({ root }) => {
    const folders = ["/usr/lib/netplan", "/etc/netplan", "/lib/netplan"];
    const files = (await Promise.all(folders.map((folder) => within(root, folder, /\.yaml$/)))).flat();
    return each([...new Set(files)], async (path) => {
      const text = (await root.text(path)) ?? "";
      const mode = (await root.entry(path))?.mode ?? 0;
      const open = path.startsWith("/etc/") && (mode & 0o077) !== 0;
      const loose: Complaint = {
        severity: "note",
        path,
        text: `can be read by others (mode ${mode.toString(8)}), which netplan complains about at every boot`,
        hint: "give it the mode 0600",
      };
      const data = yamlOf(text);
      return [...networkComplaints(path, isMap(data) ? data.network : data), ...(open ? [loose] : [])];
    });
  },
};

/** What is wrong with a netplan `network` map, which cloud-init's network-config (version 2) is too. */
export function networkComplaints(path: string, data: unknown): readonly Complaint[] {
  const read = network.safeParse(data);
  const hint = "see netplan's YAML reference; `netplan generate` checks a file on a running system";
  const bad = issuesOf(read.error).map(
    ({ at, what }): Complaint => ({ severity: "error", path, text: `${at || "network"} ${what}`, hint }),
  );
  return [...bad, ...gateways(path, data), ...unnumbered(path, data)];
}

/** Every interface by its place in the map. */
const interfacesOf = (data: unknown): readonly (readonly [string, Readonly<Record<string, unknown>>])[] =>
  isMap(data)
    ? Object.entries(data).flatMap(([kind, found]) =>
        isMap(found)
          ? Object.entries(found).flatMap(([name, value]) =>
              isMap(value) ? [[`${kind}.${name}`, value] as const] : [],
            )
          : [],
      )
    : [];

function gateways(path: string, data: unknown): readonly Complaint[] {
  return interfacesOf(data).flatMap(([name, settings]) =>
    ["gateway4", "gateway6"]
      .filter((key) => key in settings)
      .map((key) => ({
        severity: "warning" as const,
        path,
        text: `${name}.${key} is deprecated and fails with more than one of its kind`,
        hint: `say routes: [{ to: default, via: ${String(settings[key])} }]`,
      })),
  );
}

function unnumbered(path: string, data: unknown): readonly Complaint[] {
  return interfacesOf(data).flatMap(([name, settings]): readonly Complaint[] => {
    const fixed = Array.isArray(settings.addresses) && settings.addresses.length > 0;
    if (
      !fixed ||
      settings.dhcp4 === true ||
      "routes" in settings ||
      "gateway4" in settings ||
      "gateway6" in settings
    )
      return [];
    return [
      {
        severity: "note",
        path,
        text: `${name} has addresses and no default route`,
        hint: "give it a gateway if it is the way out",
      },
    ];
  });
}
