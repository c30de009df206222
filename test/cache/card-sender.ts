import type { Desk } from "../bmc/desk.ts";

const connected = `
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { ssh } from ${JSON.stringify(new URL("../../lib/ssh.ts", import.meta.url).href)};
import { Secret } from ${JSON.stringify(new URL("../../lib/core/secret.ts", import.meta.url).href)};
const [host, port, password, fingerprint, folder, key, keeping, rounds] = args;
const target = { name: "board", host, port: Number(port), user: "root", password: new Secret(password), hostKey: { kind: "pinned", fingerprint } };
const far = ssh(target);
const cache = cache_.bmcCache(far, { folder, keeping });
`;

/** Puts images that share all pieces but one, over and over; the pieces follow from their numbers. */
export const sender = `${connected}const piece = (n) => { const bytes = Buffer.alloc(1_500_000); for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE((at * 2654435761 + n * 40503) >>> 0, at); return bytes; };
console.log("ready");
for (let round = 0; round < Number(rounds); round += 1) {
  const own = Buffer.from(key + round + " ".repeat(300_000));
  const pieces = [piece(0), piece(1), own, piece(2), piece(3)];
  const all = Buffer.concat(pieces);
  const sha256 = createHash("sha256").update(all).digest("hex");
  const content = { name: "disk.img.xz", size: all.length, sha256, cuts: pieces.map((one) => one.length), stream: () => Readable.from(pieces, { objectMode: false }) };
  await cache.put(key, content);
}
far.close();
`;

/** Has an image put together on the card, says so, and keeps it. */
export const lender = `${connected}
const scope = { signal: new AbortController().signal, subject: "", say: () => {}, meter: () => ({ add() {}, at() {}, note() {}, end() {} }) };
await cache.assembled(key, scope);
console.log("lent");
setInterval(() => {}, 1000);
`;

/** The words for a {@link sender}: which board, which folder of its card, and what to put there. */
export const words = (own: Desk, of: { folder: string; key: string; keeping: string; rounds: number }) => {
  const { host, sshPort, password, sshHostKey } = own.board;
  return [host, String(sshPort), password, sshHostKey, of.folder, of.key, of.keeping, String(of.rounds)];
};
