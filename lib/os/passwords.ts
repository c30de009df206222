import { encrypt } from "unixcrypt";
import { digestOf } from "../core/digest.ts";
import type { Secret } from "../core/secret.ts";

/**
 * sha512-crypt; its salt follows from name and password by a slow hash, so that one description gives one image. A line
 * end that came along from a file is no part of the password.
 */
export function hashed(name: string, password: Secret): string {
  const salt = digestOf(["salt", name, password]).slice(0, 16);
  return encrypt(password.reveal().replace(/[\r\n]+$/, ""), `$6$${salt}`);
}
