import { digestOf } from "../core/digest.ts";
import { Secret } from "../core/secret.ts";

/** A secret that is looked up when a login first needs it; `from` says where, and stands for it in comparisons. */
export interface SecretSource {
  readonly from: string;
  open(signal?: AbortSignal): Promise<Secret>;
}

/** How a host proves that it is the one meant. */
export type HostKey =
  /** Known beforehand, as `ssh-keygen -lf` prints it: `SHA256:…`. */
  | { readonly kind: "pinned"; readonly fingerprint: string }
  /** Trusted when first met and recorded in `file`; another key later is refused. */
  | { readonly kind: "first-contact"; readonly file: string };

/** A machine to reach over SSH, and how to log in there. */
export interface SshTarget {
  /** What messages call it: `node1`, `board`. */
  readonly name: string;
  readonly host: string;
  /** 22 where not said. */
  readonly port?: number;
  readonly user: string;
  readonly password?: Secret | SecretSource;
  /** Private keys: the path of a file, or the PEM text as a secret. */
  readonly keys?: readonly (string | Secret)[];
  /** Asks the agent at `SSH_AUTH_SOCK` too. */
  readonly agent?: boolean;
  readonly hostKey: HostKey;
  /** The machine that the connection goes through (`direct-tcpip`), such as the board's controller. */
  readonly via?: SshTarget;
}

/** `host:port`, with the way there where it is not direct: the name of the target in a record of host keys. */
export function addressOf(target: SshTarget): string {
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  const own = `${host}:${target.port ?? 22}`;
  return target.via ? `${own}@${addressOf(target.via)}` : own;
}

/** What two targets have in common that may share a connection: everything about them. */
export const keyOf = (target: SshTarget): string => digestOf(plain(target));

function plain(target: SshTarget): unknown {
  const { password, via, ...rest } = target;
  const mark = password && !(password instanceof Secret) ? password.from : password;
  return { ...rest, password: mark, via: via && plain(via) };
}
