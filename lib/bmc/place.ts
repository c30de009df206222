import type { Secret } from "../core/secret.ts";
import type { SecretSource } from "../ssh.ts";

/** Where a board is, and how to log in there. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret | SecretSource | undefined;
  /** The certificate's sha256; where not said, the first one met is trusted and recorded in `state`. */
  readonly fingerprint: string | undefined;
  /** The folder that keeps what is known of this board. */
  readonly state: string;
}

/** `host:port`: the board's name in messages, and in records of its certificate. */
export const addressOf = ({ host, port }: Pick<Place, "host" | "port">): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`;
