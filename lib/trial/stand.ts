import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Board, board, boardState } from "../board.ts";
import { scratch } from "../core/scratch.ts";
import { Secret } from "../core/secret.ts";
import type { Image } from "../image.ts";
import { hostKeyOf } from "../os.ts";
import { virtual } from "../virtual.ts";

/** Who the trial logs in as. */
export interface Login {
  readonly user: string;
  /** The path of the private key. */
  readonly key: string;
}

/** A virtual board with one module for one image; disposing leaves nothing of it. */
export interface Stand extends AsyncDisposable {
  readonly desk: Board;
  readonly login: Login;
  /** The public half of a key that was made for the trial alone; absent where the image's own user logs in. */
  readonly publicKey: string | undefined;
}

const usual = { address: "10.10.88.71/24", gateway: "10.10.88.1", subnet: "10.10.88.0/24" };

/** How the image is reached: at its own first IPv4 address where it has a fixed one in a /24, else at one that it is given. */
export function placeOf(image: Image): typeof usual {
  const fixed = image.spec.identity.nics.flatMap(({ addresses, gateways }) =>
    addresses === "dhcp" ? [] : addresses.map((address) => ({ address, gateway: gateways[0] })),
  );
  const own = fixed.find(({ address }) => /^\d+\.\d+\.\d+\.\d+\/24$/.test(address));
  if (!own) return usual;
  const network = own.address.replace(/\.\d+\/24$/, "");
  return { address: own.address, gateway: own.gateway ?? `${network}.1`, subnet: `${network}.0/24` };
}

/** Starts the board. */
export async function stand(image: Image, login: Login | undefined): Promise<Stand> {
  const folder = await scratch("trial");
  const own = login ? undefined : hostKeyOf(new Secret(randomBytes(32).toString("hex")), "trial");
  const key = login?.key ?? path.join(folder.path, "id_ed25519");
  const user = login?.user ?? "trial";
  const { address, gateway, subnet } = placeOf(image);
  if (own) await writeFile(key, own.privateKey.reveal(), { mode: 0o600 });
  const controller = await virtual
    .board({ modules: 1, network: { subnet, gateway } })
    .catch(async (error: unknown) => {
      await folder[Symbol.asyncDispose]();
      throw error;
    });
  const { host, httpsPort, sshPort, fingerprint, sshHostKey, password } = controller;
  const hostname = image.spec.identity.hostname ?? "trial";
  const desk = board({
    board: { host, port: httpsPort, password, fingerprint, ssh: { port: sshPort, hostKey: sshHostKey } },
    network: { subnet, gateway },
    keys: { private: key, authorized: own?.publicKey ?? `${key}.pub` },
    nodes: { 1: { module: "rk1", hostname, address, user } },
  });
  return {
    desk,
    login: { user, key },
    publicKey: own?.publicKey,
    [Symbol.asyncDispose]: async () => {
      await desk.bmc.close();
      await controller[Symbol.asyncDispose]();
      await rm(boardState({ host, port: httpsPort }), { recursive: true, force: true });
      await folder[Symbol.asyncDispose]();
    },
  };
}
