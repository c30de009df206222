import { pbkdf2Sync } from "node:crypto";
import type { Wifi } from "./identity.ts";
import { unfit } from "./rootfile.ts";
import type { OsFacts } from "./system.ts";

/**
 * The key that a WPA2 network's password stands for (IEEE 802.11i, H.4), 64 hex digits, so that the password itself is
 * in no file; a key stays as it is. `IDENTITY_UNFIT` for a password that no WPA2 network can have.
 */
export function wifiKey({ ssid, password }: Wifi, facts: OsFacts): string | undefined {
  if (!password) return undefined;
  const text = password.reveal().replace(/[\r\n]+$/, ""); // a line end came along from a file
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  const bytes = Buffer.byteLength(text);
  if (bytes >= 8 && bytes <= 63) return pbkdf2Sync(text, ssid, 4096, 32, "sha1").toString("hex");
  throw unfit(facts, `the Wi-Fi "${ssid}"`, `its password has ${bytes} characters, not 8 to 63`);
}
