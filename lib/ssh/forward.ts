import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { TpiError } from "../core/fault.ts";

/** Somewhere to connect to, as the far end sees it. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A TCP connection made by the machine `name` at the other end of the client; `SSH_CHANNEL` where it refuses. */
export async function forward(client: Client, to: Endpoint & { readonly name: string }): Promise<Duplex> {
  return await new Promise<Duplex>((resolve, reject) => {
    const done = (error: Error | undefined, stream: Duplex) => {
      if (!error) return resolve(stream);
      const what = `a connection to ${to.host}:${to.port}`;
      const reason = error.message.replace(/^\(SSH\) /, "");
      reject(new TpiError("SSH_CHANNEL", { name: to.name, what, reason }, { cause: error }));
    };
    try {
      client.forwardOut("127.0.0.1", 0, to.host, to.port, done);
    } catch (error) {
      reject(error);
    }
  });
}
