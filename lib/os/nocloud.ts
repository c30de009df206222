import type { Edit, Renderer, Volumes } from "../os.ts";
import { renderSeed } from "./cloudinit.ts";
import type { Identity } from "./identity.ts";

/** cloud-init with a NoCloud seed on a FAT volume: Ubuntu for the RK1 and the Pi, Debian images with cloud-init. */
export const nocloud: Renderer = {
  mechanism: "cloud-init NoCloud",
  render: async (identity, volumes) => {
    const seed = renderSeed(identity, {
      "meta-data": await present(volumes, "/meta-data"),
      "user-data": await present(volumes, "/user-data"),
      "network-config": await present(volumes, "/network-config"),
    });
    const seedFiles = Object.entries(seed).map(([name, content]) => file("seed", `/${name}`, content, 0o600));
    return [
      ...seedFiles,
      ...hostKeyFiles(identity),
      ...identity.files.map((one) => ({ ...one, volume: "root" as const })),
    ];
  },
};

function hostKeyFiles({ hostKey }: Identity): readonly Edit[] {
  if (!hostKey) return [];
  const path = "/etc/ssh/ssh_host_ed25519_key";
  return [
    file("root", path, hostKey.privateKey.reveal(), 0o600),
    file("root", `${path}.pub`, `${hostKey.publicKey}\n`, 0o644),
  ];
}

const file = (volume: Edit["volume"], path: string, content: string, mode: number): Edit => ({
  volume,
  path,
  content: new TextEncoder().encode(content),
  mode,
  uid: 0,
  gid: 0,
});

async function present({ seed }: Volumes, path: string): Promise<string> {
  return (await seed.exists(path)) ? new TextDecoder().decode(await seed.read(path)) : "";
}
