import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import ssh2 from "ssh2";
import writeFileAtomic from "write-file-atomic";

const { utils } = ssh2;

/** The server's own key. */
export interface HostKey {
  readonly pem: string;
  /** As OpenSSH prints it: `SHA256:` and base64 without padding. */
  readonly fingerprint: string;
}

/** The Ed25519 key kept in a file, made at first use. */
export async function hostKeyIn(file: string): Promise<HostKey> {
  const kept = await readFile(file, "utf8").catch(() => undefined);
  const pem = kept ?? newKey();
  if (!kept) await writeFileAtomic(file, pem, { mode: 0o600 });
  const key = utils.parseKey(pem);
  if (key instanceof Error) throw key;
  const bytes = createHash("sha256").update(key.getPublicSSH()).digest("base64");
  return { pem, fingerprint: `SHA256:${bytes.replace(/=+$/, "")}` };
}

/** ssh2 strips zero bytes off the front of a public key, which breaks one key in 256: such a one is made again. */
function newKey(): string {
  for (;;) {
    const pem = utils.generateKeyPairSync("ed25519").private;
    const key = utils.parseKey(pem);
    if (!(key instanceof Error) && key.getPublicSSH().length === 4 + "ssh-ed25519".length + 4 + 32)
      return pem;
  }
}
