import path from "node:path";
import type { TLSSocket } from "node:tls";
import { Agent, buildConnector } from "undici";
import { TpiError } from "../core/fault.ts";
import { ambient } from "../core/scope.ts";
import { known, remember } from "../ssh.ts";
import { addressOf, type Place } from "./place.ts";

export { request } from "undici";

/**
 * HTTPS connections to one board, handed over only after its certificate is the known one: not even the token is sent
 * to another. The certificate is self-signed and usually expired, so nothing else about it is checked.
 */
export function pinnedAgent(place: Place): Agent {
  // a resumed session would have no certificate to compare
  const base = buildConnector({ rejectUnauthorized: false, maxCachedSessions: 0, timeout: 10_000 });
  return new Agent({
    keepAliveTimeout: 4_000,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (options, done) =>
      base(options, (error, socket) => {
        if (error) return done(error, null);
        socket.on("error", () => undefined); // until undici listens itself
        verify(place, socket as TLSSocket).then(
          // undici connects to https origins by TLS only
          () => done(null, socket),
          (refusal: Error) => {
            socket.destroy();
            done(refusal, null);
          },
        );
      }),
  });
}

async function verify(place: Place, socket: TLSSocket): Promise<void> {
  const seen = socket.getPeerX509Certificate?.()?.fingerprint256;
  const board = addressOf(place);
  if (seen === undefined) throw new TpiError("BMC_STRANGE", { board, call: "TLS", said: "no certificate" });
  const file = path.join(place.state, "certificates");
  const expected = place.fingerprint ?? (await known(file, board));
  if (expected === undefined) {
    await remember(file, { address: board, fingerprint: seen });
    ambient().say(`first contact with the board at ${board}: certificate ${seen}`);
    return;
  }
  if (bare(expected) === bare(seen)) return;
  const where = place.fingerprint ? "the fingerprint in the configuration" : file;
  throw new TpiError("BMC_FINGERPRINT", { board, seen, known: expected, where });
}

/** Fingerprints are written with colons and without, in either case, and with `sha256:` before them. */
const bare = (fingerprint: string) =>
  fingerprint
    .replace(/^sha-?256[:=]/i, "")
    .replaceAll(":", "")
    .toLowerCase();
