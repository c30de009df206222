import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { TestContext } from "node:test";
import { stringify } from "yaml";
import { journal } from "../../lib/journal.ts";
import type { Desk } from "../bmc/desk.ts";
import { place } from "./tpix.ts";

/** A folder with a tpi.yaml of a board, the command line run in it, and the board's journal as it finds it there. */
export async function boardPlace(t: TestContext, { board }: Pick<Desk, "board">) {
  const { folder, run } = await place(t);
  const { host, httpsPort: port, sshPort, password, fingerprint, sshHostKey } = board;
  const settings = {
    board: { host, port, password, fingerprint, ssh: { port: sshPort, hostKey: sshHostKey } },
    network: { subnet: "10.10.88.0/24", gateway: "10.10.88.1" },
    nodes: { 1: { module: "rk1", hostname: "cp1", address: "10.10.88.71" } },
  };
  await writeFile(path.join(folder, "tpi.yaml"), stringify(settings), { mode: 0o600 });
  const tpix = (...words: readonly string[]) => run(words).ended;
  return { folder, tpix, book: journal(path.join(folder, "home/state/boards", `${host}_${port}`)) };
}
