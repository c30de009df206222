import * as z from "zod";
import { Secret } from "../core/secret.ts";
import { certificateFingerprint, hostKeyFingerprint, macAddress } from "./spelling.ts";

// Every message says what is wanted; `problems.ts` puts what was found before it.
const text = (wanted: string) => z.string(wanted).min(1, wanted);
/** A map with these keys and no others; the message about an unknown key is the list of the known ones. */
const map = <S extends z.ZodRawShape>(shape: S, wanted: string) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? Object.keys(shape).join(", ") : wanted),
  });
const spelled = (wanted: string, read: (text: string) => string | undefined) =>
  text(wanted).transform((value, context) => {
    const usual = read(value);
    if (usual !== undefined) return usual;
    context.addIssue({ code: "custom", message: wanted, input: value });
    return z.NEVER;
  });
const oneOrMore = <T extends z.ZodType>(item: T, wanted: string) =>
  z
    .union([item, z.array(item).min(1, wanted)], wanted)
    .transform((value): readonly z.output<T>[] => (Array.isArray(value) ? value : [value as z.output<T>]));

const portNumber = "a port from 1 to 65535";
const port = z
  .union([z.int(), z.string().regex(/^\d+$/).transform(Number)], portNumber)
  .pipe(z.int().min(1, portNumber).max(65_535, portNumber));

const host = text("the board's name or address, such as 10.10.88.70").regex(
  /^[\w.:%[\]-]+$/,
  "a name or an address without http:// and port",
);

const secretWanted = "text in quotes, or one of { env: NAME }, { file: PATH }, { command: TEXT }";
const secretReference = z.union(
  [
    z.string(),
    z.instanceof(Secret, { error: secretWanted }),
    map({ env: text("the name of a variable") }, secretWanted),
    map({ file: text("a path") }, secretWanted),
    map({ command: text("a shell command") }, secretWanted),
  ],
  secretWanted,
);

const ssh = map(
  {
    port: port.default(22),
    hostKey: spelled("a host key as SHA256:… or ssh-ed25519 AAAA…", hostKeyFingerprint).optional(),
  },
  "a map with port and hostKey",
);

const boardWanted = "an address, or a map with host, user, password …";
const longBoard = map(
  {
    host,
    port: port.default(443).describe("HTTPS port of the board's controller"),
    user: text("a user name").default("root"),
    password: secretReference.optional(),
    fingerprint: spelled("a sha256 fingerprint of 32 bytes", certificateFingerprint)
      .optional()
      .describe("sha256 of the controller's TLS certificate; any other certificate is refused"),
    ssh: ssh.default({ port: 22 }),
  },
  boardWanted,
);
const board = z.union([host.transform((host) => longBoard.parse({ host })), longBoard], boardWanted);

const ipWanted = "an IP address such as 10.10.88.1";
const ip = z.union([z.ipv4(), z.ipv6()], ipWanted);
const cidrWanted = "an address with its prefix, such as 10.10.88.73/24";
const cidr = z.union([z.cidrv4(), z.cidrv6()], cidrWanted);
const addressWanted = `"dhcp", or ${cidrWanted} (a list for several)`;
const address = z.union(
  [z.literal("dhcp"), oneOrMore(z.union([cidr, ip], cidrWanted), addressWanted)],
  addressWanted,
);

const label = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const hostnameWanted = "a host name: letters, digits and inner dashes, at most 63 a part";
const hostname = text(hostnameWanted)
  .max(253, hostnameWanted)
  .regex(new RegExp(`^${label}(\\.${label})*$`), hostnameWanted)
  .refine((name) => !/^[\d.]+$/.test(name), "a host name, not a number");

const routing = {
  gateway: oneOrMore(ip, ipWanted).optional(),
  dns: oneOrMore(ip, ipWanted).optional(),
  search: oneOrMore(hostname, hostnameWanted).optional(),
};

const kinds = ["rk1", "cm4", "cm5", "jetson"] as const;
const moduleKind = z.enum(kinds, "rk1, cm4, cm5 or jetson");

const nodeWanted = "rk1, cm4, cm5 or jetson, or a map with module, hostname, address …";
const longNode = map(
  {
    module: moduleKind,
    hostname: hostname.optional().describe("default: node1 to node4"),
    address: address.default("dhcp"),
    ...routing,
    mac: spelled("a MAC address such as 02:00:00:00:00:01", macAddress).optional(),
    user: text("a user name").optional().describe("who logs in to it over SSH"),
    reach: z
      .enum(["through-bmc", "directly"], "through-bmc or directly")
      .default("through-bmc")
      .describe("whether SSH goes by way of the board's controller or straight to the node"),
  },
  nodeWanted,
);
const node = z.union([moduleKind.transform((module) => longNode.parse({ module })), longNode], nodeWanted);

const nodesWanted = "at least one of the nodes 1 to 4";

const keysWanted = "the path of a private key, or a map with private and authorized";
const privateKey = text("the path of a private key");
const longKeys = map(
  {
    private: privateKey.optional(),
    authorized: oneOrMore(text("a public key, or the path of one"), "public keys or their paths").optional(),
  },
  keysWanted,
);
const keys = z.union(
  [privateKey.transform((file) => longKeys.parse({ private: file })), longKeys],
  keysWanted,
);

const mirrorWanted = "the address of a mirror, such as https://mirror.lan/images";

const network = map(
  { subnet: cidr.optional().describe("gives addresses without a prefix theirs"), ...routing },
  "a map with subnet, gateway, dns and search",
);

/** The shape of tpi.yaml. What it gives out still has paths and secrets as they were written. */
export const schema = map(
  {
    board,
    network: network.default({}),
    image: text("a file or a URL").optional().describe("the base image that recipes start from"),
    mirror: z
      .url({ protocol: /^https?$/, error: mirrorWanted })
      .optional()
      .describe("where base images are fetched from instead: a folder with a folder for each host"),
    keys: keys.optional(),
    nodes: map(
      { 1: node.optional(), 2: node.optional(), 3: node.optional(), 4: node.optional() },
      nodesWanted,
    )
      .refine((all) => Object.values(all).some((one) => one !== undefined), nodesWanted)
      .optional(),
  },
  "a map with board and nodes",
);

/** tpi.yaml as it may be written in code. */
export type ConfigInput = z.input<typeof schema>;
export type Read = z.output<typeof schema>;
export type ReadNode = z.output<typeof node>;
export type ModuleKind = (typeof kinds)[number];
export type SecretReference = z.output<typeof secretReference>;
