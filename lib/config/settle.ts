import { existsSync } from "node:fs";
import { TpiError } from "../core/fault.ts";
import { contradictions } from "./contradictions.ts";
import { homely, located } from "./locate.ts";
import { type Contradiction, type NodeConfig, nodeOf, type Slot } from "./nodes.ts";
import { inOrder, problemsOf } from "./problems.ts";
import { type Read, schema } from "./schema.ts";
import { type SecretSource, sourceOf } from "./secret.ts";
import { nearestAt, type Path, pathText, plain, type Written } from "./written.ts";

/** How the board's controller is reached. */
export interface BoardConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Undefined where none was given. */
  readonly password: SecretSource | undefined;
  /** The pinned TLS certificate's sha256 in Node's spelling, `AB:CD:…`. */
  readonly fingerprint: string | undefined;
  /** `hostKey` is OpenSSH's `SHA256:…`. */
  readonly ssh: { readonly port: number; readonly hostKey: string | undefined };
}

/** A whole configuration: checked, defaults filled in, paths absolute, secrets not looked up yet. */
export interface Config {
  readonly board: BoardConfig;
  readonly network: {
    readonly subnet: string | undefined;
    readonly gateways: readonly string[];
    readonly dns: readonly string[];
    readonly search: readonly string[];
  };
  /** The base image: an absolute path or a URL. */
  readonly image: string | undefined;
  /** Where base images are fetched from instead of their own hosts. */
  readonly mirror: string | undefined;
  readonly keys: {
    /** The private key's absolute path; it need not exist. */
    readonly private: string;
    /** Who may log in: lines as in authorized_keys, or absolute paths of files with such lines. */
    readonly authorized: readonly string[];
  };
  /** In the order of their slots. */
  readonly nodes: readonly NodeConfig[];
}

/** The configuration that was written. `CONFIG_INVALID` with every problem in it. */
export function settled(tree: Written): Config {
  const result = schema.safeParse(plain(tree));
  if (!result.success) throw new TpiError("CONFIG_INVALID", { problems: problemsOf(result.error, tree) });
  const read = result.data;
  const nodes = nodesOf(read);
  const wrong = [...nodes.wrong, ...contradictions(nodes.sound, read.board.host)];
  if (wrong.length > 0) {
    const problems = wrong.map((one) => ({
      ...one,
      at: nearestAt(tree, one.path).origin.at,
      path: pathText(one.path),
    }));
    throw new TpiError("CONFIG_INVALID", { problems: inOrder(problems) });
  }
  return {
    board: {
      ...read.board,
      password: passwordOf(read, tree),
      fingerprint: read.board.fingerprint,
      ssh: { port: read.board.ssh.port, hostKey: read.board.ssh.hostKey },
    },
    network: {
      subnet: read.network.subnet,
      gateways: read.network.gateway ?? [],
      dns: read.network.dns ?? [],
      search: read.network.search ?? [],
    },
    image: read.image && located(read.image, nearestAt(tree, ["image"]).origin),
    mirror: read.mirror,
    keys: keysOf(read, tree),
    nodes: nodes.sound,
  };
}

function nodesOf(read: Read): {
  readonly sound: readonly NodeConfig[];
  readonly wrong: readonly Contradiction[];
} {
  const slots: readonly Slot[] = [1, 2, 3, 4];
  const all = slots.flatMap((slot) => {
    const node = read.nodes?.[slot];
    return node ? [nodeOf(slot, { node, network: read.network })] : [];
  });
  return {
    sound: all.flatMap((one) => ("node" in one ? [one.node] : [])),
    wrong: all.flatMap((one) => ("wrong" in one ? [one.wrong] : [])),
  };
}

function passwordOf(read: Read, tree: Written): SecretSource | undefined {
  const path: Path = ["board", "password"];
  const { password } = read.board;
  if (password === undefined) return undefined;
  return sourceOf(password, { path: pathText(path), origin: nearestAt(tree, path).origin });
}

const usualKey = "~/.ssh/id_ed25519";

function keysOf(read: Read, tree: Written): Config["keys"] {
  const short = nearestAt(tree, ["keys"]);
  const own = read.keys?.private;
  const file = own ? located(own, nearestAt(tree, ["keys", "private"]).origin) : homely(usualKey);
  const authorized = read.keys?.authorized?.map((one, n) =>
    isKey(one)
      ? one
      : located(one, nearestAt(tree, short.kind === "map" ? ["keys", "authorized", n] : ["keys"]).origin),
  );
  return {
    private: file,
    authorized: authorized ?? (own || existsSync(`${file}.pub`) ? [`${file}.pub`] : []),
  };
}

const isKey = (text: string): boolean => /^(sk-)?(ssh|ecdsa)-\S+\s/.test(text);
