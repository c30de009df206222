import { directEdits, directReads } from "./direct.ts";
import type { Edit } from "./edit.ts";
import type { Identity } from "./identity.ts";
import { plantedKeyEdits } from "./plantedkey.ts";
import type { Present, Renderer } from "./renderer.ts";
import { rewritten } from "./rootfile.ts";

const sysconf = "/sysconf.txt";

/**
 * Debian's images for the Raspberry Pi (raspi.debian.net). Their sysconf.txt knows a host name, and for root a password
 * in plain text and one key; edits say the same without either limit, and lines of it that would undo them are put aside.
 */
export const debianRaspi: Renderer = {
  mechanism: "direct edits of Debian for the Raspberry Pi",
  fits: async ({ facts }) => facts.flavour === "debian-raspi" && facts.seed === undefined,
  reads: (identity) => [...directReads(identity), { volume: "boot", path: sysconf }],
  render: (identity, present) => [
    ...directEdits(identity, present, { firstUser: "closed" }),
    ...plantedKeyEdits(identity, present),
    ...sysconfEdits(identity, present),
  ],
};

function sysconfEdits({ hostname, users, root }: Identity, { text }: Present): readonly Edit[] {
  const said = [...(hostname ? ["hostname"] : []), ...(users.length > 0 || root ? ["root_\\w+"] : [])];
  const before = text(sysconf, "boot");
  if (said.length === 0) return [];
  const after = before.replace(new RegExp(`^(?=\\s*(${said.join("|")})\\s*=)`, "gm"), "#");
  return after === before ? [] : [{ ...rewritten(sysconf, after), volume: "boot" }];
}
