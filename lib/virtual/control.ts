import { createHash } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { isFault, TpiError } from "../core/fault.ts";
import type { SlotState, VirtualBoard } from "./board.ts";
import type { FaultPatch, FaultPlan } from "./faults.ts";

/** What a board that runs in another process says about itself. */
export interface BoardStatus {
  readonly pid: number;
  readonly httpsPort: number;
  readonly httpPort: number | undefined;
  readonly sshPort: number;
  readonly faults: FaultPlan;
  readonly slots: readonly SlotState[];
}

/** A board in another process of this machine. */
export interface Control {
  status(): Promise<BoardStatus>;
  /** Arms and clears faults, as {@link FaultPatch} says; what is armed then. */
  faults(patch: FaultPatch | "clear"): Promise<FaultPlan>;
  /** Stops it; its socket is gone when it resolves. */
  stop(): Promise<void>;
}

const question = z.discriminatedUnion("ask", [
  z.strictObject({ ask: z.literal("status") }),
  z.strictObject({ ask: z.literal("faults"), set: z.record(z.string(), z.unknown()) }),
  z.strictObject({ ask: z.literal("clear") }),
  z.strictObject({ ask: z.literal("stop") }),
]);

/** The board's socket: in its folder, or in the temp folder where that path is too long for a socket. */
export function socketOf(dir: string): string {
  const inside = path.join(path.resolve(dir), "control.sock");
  if (Buffer.byteLength(inside) < 100) return inside;
  const name = createHash("sha256").update(path.resolve(dir)).digest("hex").slice(0, 16);
  return path.join(tmpdir(), `tpi-board-${name}.sock`);
}

/** Answers on the board's socket, one JSON line for each that comes; disposing it removes the socket. */
export async function serveControl(board: VirtualBoard, stop: () => Promise<void>): Promise<AsyncDisposable> {
  const file = socketOf(board.dir);
  const clients = new Set<Socket>();
  await rm(file, { force: true });
  const server = createServer((client) => {
    clients.add(client);
    client.on("close", () => clients.delete(client)).on("error", () => undefined);
    createInterface({ input: client }).on("line", (line) => {
      void answered(line, { board, stop }).then(
        (reply) => client.writable && client.write(`${JSON.stringify(reply)}\n`),
      );
    });
  });
  server.listen(file);
  await once(server, "listening");
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      for (const client of clients) client.destroy();
      await closed;
      await rm(file, { force: true });
    },
  };
}

async function answered(
  line: string,
  on: { board: VirtualBoard; stop: () => Promise<void> },
): Promise<unknown> {
  const { board } = on;
  try {
    const asked = question.parse(JSON.parse(line));
    switch (asked.ask) {
      case "status": {
        const { httpsPort, httpPort, sshPort } = board;
        return {
          ok: {
            pid: process.pid,
            httpsPort,
            httpPort,
            sshPort,
            faults: board.faults.armed(),
            slots: board.slots(),
          },
        };
      }
      case "faults":
        board.faults.set(asked.set as FaultPatch); // checked by the table of faults itself
        return { ok: board.faults.armed() };
      case "clear":
        board.faults.clear();
        return { ok: {} };
      case "stop":
        void on.stop();
        return { ok: {} };
    }
  } catch (error) {
    if (isFault(error, "FAULT_UNKNOWN")) return { unknown: error.details.why };
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
}

/** The way to a board that runs with this folder; every call is `VIRTUAL_DOWN` where none does. */
export function control(dir: string): Control {
  return {
    status: async () => (await asked(dir, { ask: "status" })) as BoardStatus, // our own server answers, see above
    faults: async (patch) =>
      (await asked(dir, patch === "clear" ? { ask: "clear" } : { ask: "faults", set: patch })) as FaultPlan,
    stop: async () => {
      const socket = await opened(dir);
      socket.write('{"ask":"stop"}\n');
      socket.resume();
      await once(socket, "close");
    },
  };
}

const answer = z.union([
  z.object({ ok: z.unknown() }),
  z.object({ unknown: z.string() }),
  z.object({ wrong: z.string() }),
]);

async function asked(dir: string, ask: object): Promise<unknown> {
  const socket = await opened(dir);
  try {
    socket.write(`${JSON.stringify(ask)}\n`);
    for await (const line of createInterface({ input: socket })) {
      const reply = answer.parse(JSON.parse(line));
      if ("unknown" in reply) throw new TpiError("FAULT_UNKNOWN", { why: reply.unknown });
      if ("wrong" in reply) throw new TypeError(reply.wrong);
      return reply.ok;
    }
    throw new TpiError("VIRTUAL_DOWN", { dir });
  } finally {
    socket.destroy();
  }
}

async function opened(dir: string): Promise<Socket> {
  const socket = createConnection(socketOf(dir));
  socket.setTimeout(10_000, () => socket.destroy());
  try {
    await once(socket, "connect");
  } catch (cause) {
    throw new TpiError("VIRTUAL_DOWN", { dir }, { cause });
  }
  socket.on("error", () => undefined); // the close that follows is what is waited for
  return socket;
}
