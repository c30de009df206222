export { all } from "./core/all.ts";
export { cmd } from "./core/cmd.ts";
export { isFault, TpiError } from "./core/fault.ts";
export { Secret, secret } from "./core/secret.ts";
