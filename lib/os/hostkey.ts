import { createHash, createPrivateKey, createPublicKey, hkdfSync } from "node:crypto";
import ssh2 from "ssh2";
import { TpiError } from "../core/fault.ts";
import { Secret } from "../core/secret.ts";

const { utils } = ssh2;

/** An ed25519 SSH host key that is planted in an image, so that the machine is known before its first boot. */
export interface HostKey {
  /** OpenSSH's private key format, the only one that every sshd reads for ed25519. */
  readonly privateKey: Secret;
  /** `ssh-ed25519 AAAA… comment` */
  readonly publicKey: string;
  /** As `ssh-keygen -l` prints it: `SHA256:…`, without padding. */
  readonly fingerprint: string;
}

/** The host key of `name` under a seed of 32 random bytes: the same seed and name give the same key on any day. */
export function hostKeyOf(seed: Secret, name: string): HostKey {
  const scalar = Buffer.from(hkdfSync("sha256", seed.reveal(), "tpi host key", name, 32));
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), scalar]);
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const point = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
  const blob = Buffer.concat([text("ssh-ed25519"), text(point)]);
  const check = createHash("sha256").update(blob).digest().subarray(0, 4);
  const inner = Buffer.concat([check, check, blob, text(Buffer.concat([scalar, point])), text(name)]);
  const padding = Buffer.from(Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, at) => at + 1));
  const none = [text("none"), text("none"), text("")];
  const whole = [
    Buffer.from("openssh-key-v1\0"),
    ...none,
    count(1),
    text(blob),
    text(Buffer.concat([inner, padding])),
  ];
  const lines =
    Buffer.concat(whole)
      .toString("base64")
      .match(/.{1,70}/g) ?? [];
  const armour = (edge: string) => `-----${edge} OPENSSH PRIVATE KEY-----`;
  return {
    privateKey: new Secret(`${[armour("BEGIN"), ...lines, armour("END")].join("\n")}\n`),
    publicKey: `ssh-ed25519 ${blob.toString("base64")} ${name}`,
    fingerprint: fingerprintOf(blob),
  };
}

/** A host key that `ssh-keygen -t ed25519` has made without a passphrase, from the text of its file; `HOST_KEY_UNFIT`. */
export function hostKeyFrom(privateKey: Secret): HostKey {
  const text = `${privateKey.reveal().trim()}\n`;
  const key = utils.parseKey(text);
  if (key instanceof Error) throw new TpiError("HOST_KEY_UNFIT", { why: key.message }, { cause: key });
  if (key.type !== "ssh-ed25519" || !key.isPrivateKey() || !text.includes("OPENSSH PRIVATE KEY"))
    throw new TpiError("HOST_KEY_UNFIT", {
      why: `it is ${key.type}${key.isPrivateKey() ? "" : ", the public half"}`,
    });
  const blob = key.getPublicSSH();
  return {
    privateKey: new Secret(text),
    publicKey: `ssh-ed25519 ${blob.toString("base64")}${key.comment ? ` ${key.comment}` : ""}`,
    fingerprint: fingerprintOf(blob),
  };
}

const fingerprintOf = (blob: Buffer): string =>
  `SHA256:${createHash("sha256").update(blob).digest("base64").replaceAll("=", "")}`;

function count(value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(value);
  return four;
}

/** A length-prefixed string of the SSH wire format (RFC 4251 §5). */
function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([count(bytes.length), bytes]);
}
