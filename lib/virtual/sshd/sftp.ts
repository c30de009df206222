import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { Controller } from "../controller.ts";
import type { Operations, SftpSession } from "./asked.ts";
import { fileOperations } from "./file-operations.ts";
import { outcome } from "./open-file.ts";
import { extensions, pathOperations } from "./path-operations.ts";
import { fields, packets, reply, request, status } from "./wire.ts";

const operations: Operations = { ...fileOperations, ...pathOperations };

/** Serves SFTP on a channel until the client ends it; what it has left open is closed. */
export async function sftp(
  controller: Controller,
  on: { input: AsyncIterable<Uint8Array>; channel: Duplex; signal: AbortSignal },
): Promise<void> {
  const session: SftpSession = { controller, open: new Map(), listings: new Map(), signal: on.signal };
  try {
    for await (const packet of packets(on.input)) {
      on.signal.throwIfAborted();
      const body = await answered(session, packet);
      await controller.link(body.length, on.signal);
      if (!on.channel.write(body)) await once(on.channel, "drain", { signal: on.signal });
    }
  } finally {
    for (const file of session.open.values()) await file.close().catch(() => undefined);
  }
}

async function answered(session: SftpSession, packet: Buffer): Promise<Buffer> {
  const type = packet[0];
  if (type === request.init) return reply.version(extensions);
  const id = packet.readUInt32BE(1);
  const name = Object.entries(request).find(([, code]) => code === type)?.[0];
  const work = name ? operations[name] : undefined;
  if (!work) return reply.status(id, status.unsupported, "Operation unsupported");
  try {
    return (await work({ session, id, from: fields(packet, 5) })) ?? reply.status(id, status.ok, "Success");
  } catch (error) {
    const { code, text } = outcome(error);
    return reply.status(id, code, text);
  }
}
