import { encrypt } from "unixcrypt";
import { digestOf } from "../core/digest.ts";
import type { Secret } from "../core/secret.ts";

/** Hashes of crypt(5) whole: yescrypt, sha512-crypt, sha256-crypt, bcrypt. */
const hash =
  /^(\$y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{1,86}\$[./A-Za-z0-9]{43}|\$6\$(rounds=\d+\$)?[^$:\s]{1,16}\$[./A-Za-z0-9]{86}|\$5\$(rounds=\d+\$)?[^$:\s]{1,16}\$[./A-Za-z0-9]{43}|\$2[aby]\$\d\d\$[./A-Za-z0-9]{53})$/;

/**
 * sha512-crypt; its salt follows from name and password by a slow hash, so that one description gives one image. A line
 * end that came along from a file is no part of the password. What is a hash already stays as it is.
 */
export function hashed(name: string, password: Secret): string {
  const text = password.reveal().replace(/[\r\n]+$/, "");
  if (hash.test(text)) return text;
  const salt = digestOf(["salt", name, password]).slice(0, 16);
  return encrypt(text, `$6$${salt}`);
}
