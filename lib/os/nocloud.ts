import { renderSeed } from "./cloudinit.ts";
import type { Edit } from "./edit.ts";
import type { Identity } from "./identity.ts";
import type { Renderer } from "./renderer.ts";

const names = ["meta-data", "user-data", "network-config"] as const;

/** cloud-init with a NoCloud seed on a FAT volume: Ubuntu for the RK1 and the Pi, Debian images with cloud-init. */
export const nocloud: Renderer = {
  mechanism: "cloud-init NoCloud",
  fits: async ({ seed }) => seed !== undefined,
  reads: names.map((name) => ({ volume: "seed", path: `/${name}` })),
  render: (identity, { text }) => {
    const seed = renderSeed(identity, {
      "meta-data": text("/meta-data", "seed"),
      "user-data": text("/user-data", "seed"),
      "network-config": text("/network-config", "seed"),
    });
    return [
      ...names.map((name) => ({ ...file(`/${name}`, seed[name], 0o600), volume: "seed" as const })),
      ...hostKeyFiles(identity),
    ];
  },
};

function hostKeyFiles({ hostKey }: Identity): readonly Edit[] {
  if (!hostKey) return [];
  const path = "/etc/ssh/ssh_host_ed25519_key";
  return [
    file(path, hostKey.privateKey.reveal(), 0o600),
    file(`${path}.pub`, `${hostKey.publicKey}\n`, 0o644),
  ];
}

const file = (path: string, content: string, mode: number): Edit & { kind: "write" } => ({
  kind: "write",
  path,
  content: new TextEncoder().encode(content),
  mode,
  owner: { uid: 0, gid: 0 },
});
