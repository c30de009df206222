import { directEdits, directReads } from "./direct.ts";
import type { Edit } from "./edit.ts";
import { plantedKeyEdits } from "./plantedkey.ts";
import type { Renderer } from "./renderer.ts";

/**
 * Armbian without cloud-init. Its preset /root/.not_logged_in_yet is a shell script with passwords in plain text, keys as
 * URLs, and is only read when root first logs in; so users are edits here, and the question for them, with the log-in as
 * root that leads to it, is taken out. An identity without users and root leaves that as it is.
 */
export const armbian: Renderer = {
  mechanism: "direct edits of Armbian",
  fits: async ({ facts }) => facts.flavour === "armbian" && facts.seed === undefined,
  reads: directReads,
  render: (identity, present) => [
    ...directEdits(identity, present, { firstUser: "closed" }),
    ...plantedKeyEdits(identity, present),
    ...(identity.users.length > 0 || identity.root ? withoutFirstLogin : []),
  ],
};

const withoutFirstLogin: readonly Edit[] = [
  "/root/.not_logged_in_yet",
  "/root/.desktop_autologin",
  "/etc/systemd/system/getty@.service.d/override.conf",
  "/etc/systemd/system/serial-getty@.service.d/override.conf",
].map((path) => ({ kind: "remove", path, ifPresent: true }));
