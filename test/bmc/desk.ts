import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { after, before } from "node:test";
import { type Bmc, type BmcOptions, bmc, type Upload } from "../../lib/bmc.ts";
import { Secret } from "../../lib/core/secret.ts";
import { type BoardOptions, type VirtualBoard, virtual } from "../../lib/virtual.ts";

/** A virtual board and a client of it, with a state folder of its own. */
export interface Desk extends AsyncDisposable {
  readonly board: VirtualBoard;
  readonly bmc: Bmc;
  readonly state: string;
  /** Another client of the same board. */
  readonly client: (change?: Partial<BmcOptions>) => Bmc;
}

/** Two modules that need not boot. */
export async function desk(options: BoardOptions = {}): Promise<Desk> {
  const board = await virtual.board({ modules: 2, machines: "none", ...options });
  const state = mkdtempSync(path.join(tmpdir(), "tpi-state-"));
  const clients: Bmc[] = [];
  const client = (change: Partial<BmcOptions> = {}) => {
    const made = bmc({
      host: board.host,
      port: board.httpsPort,
      password: new Secret(board.password),
      fingerprint: board.fingerprint,
      state,
      ssh: { port: board.sshPort, hostKey: board.sshHostKey },
      ...change,
    });
    clients.push(made);
    return made;
  };
  return {
    board,
    bmc: client(),
    state,
    client,
    [Symbol.asyncDispose]: async () => {
      for (const one of clients) await one.close();
      await board[Symbol.asyncDispose]();
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** A desk for the tests of one file: it is there from the first one to the last. */
export function fileDesk(options: BoardOptions = { modules: 1 }): () => Desk {
  let own: Desk | undefined;
  before(async () => {
    own = await desk(options);
  });
  after(async () => {
    await own?.[Symbol.asyncDispose]();
  });
  return () => own ?? assert.fail("there is a desk only while tests run");
}

/** Random bytes as an image, and their digest. `pieces` is called with each piece that is sent. */
export function image(bytes: number, onPiece: (sent: number) => void = () => undefined) {
  const data = randomBytes(bytes);
  const sha256 = createHash("sha256").update(data).digest("hex");
  return { data, sha256, upload: uploadOf("disk.img", data, onPiece) };
}

/** An upload of bytes in pieces of 64 KiB. */
export function uploadOf(
  name: string,
  data: Uint8Array,
  onPiece: (sent: number) => void = () => undefined,
): Upload {
  function* pieces() {
    for (let at = 0; at < data.length; at += 65_536) {
      onPiece(at);
      yield data.subarray(at, at + 65_536);
    }
  }
  const sha256 = createHash("sha256").update(data).digest("hex");
  return {
    name,
    open: async () => ({
      size: data.length,
      sha256,
      stream: () => Readable.from(pieces(), { objectMode: false }),
    }),
  };
}
