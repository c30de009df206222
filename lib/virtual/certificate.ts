import { X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { generate } from "selfsigned";
import writeFileAtomic from "write-file-atomic";

/** The key and certificate that the daemon serves with. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** As node's `X509Certificate.fingerprint256` spells it. */
  readonly fingerprint: string;
}

/**
 * The certificate kept in the controller's file system, made at first use as the daemon does: self-signed, no name but
 * its own, good for 30 days. The key is on P-256 where the real one is RSA of 4096 bits, which takes seconds to make.
 */
export async function certificateIn(root: string): Promise<Certificate> {
  const folder = path.join(root, "etc/ssl/certs");
  const [certFile, keyFile] = [path.join(folder, "bmcd_cert.pem"), path.join(folder, "bmcd_key.pem")];
  const kept = await Promise.all([readFile(certFile, "utf8"), readFile(keyFile, "utf8")]).catch(
    () => undefined,
  );
  const [cert, key] = kept ?? (await made());
  if (!kept) {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(keyFile, key, { mode: 0o600 });
    await writeFileAtomic(certFile, cert);
  }
  return { cert, key, fingerprint: new X509Certificate(cert).fingerprint256 };
}

async function made(): Promise<readonly [string, string]> {
  const pems = await generate([{ name: "commonName", value: "Turing-Pi self signed" }], {
    algorithm: "sha256",
    keyType: "ec",
    notAfterDate: new Date(Date.now() + 30 * 86_400_000),
    extensions: [{ name: "basicConstraints", cA: true }],
  });
  return [pems.cert, pems.private];
}
