import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { type Bmc, bmc } from "../../lib/bmc.ts";
import { Secret } from "../../lib/core/secret.ts";
import { fileSource, openTree, overlay, partitions } from "../../lib/disk.ts";
import { type Entry, journal } from "../../lib/journal.ts";
import { type TestDesk, testDesk } from "../recipes/desk.ts";

/** A small board to kill recipes on, and what is to be seen of them from outside. */
export interface CrashDesk extends TestDesk {
  readonly bmc: Bmc;
  /** What the journal has of a step, for each of the nodes. */
  recorded(step: string): Promise<readonly (Entry | undefined)[]>;
  /** When each of the nodes' storage was last written to, in nanoseconds. */
  touched(): readonly bigint[];
  /** The text of a file in the root of each node's storage. */
  written(file: string): Promise<readonly string[]>;
  /** What runs of recipes have left: files that are no result, and processes. */
  leftovers(): readonly string[];
}

const slots = [1, 2] as const;

export async function crashDesk(): Promise<CrashDesk> {
  const desk = await testDesk({ rootMib: 12, emmcBytes: 64 << 20, sdcardBytes: 256 << 20 });
  const { host, httpsPort, sshPort, password, fingerprint, sshHostKey } = desk.board;
  const home = path.join(desk.folder, "home");
  const state = path.join(home, "state/boards", `${host}_${httpsPort}`);
  const ssh = { port: sshPort, hostKey: sshHostKey };
  const own = bmc({ host, port: httpsPort, password: new Secret(password), fingerprint, ssh });
  return {
    ...desk,
    bmc: own,
    recorded: async (step) => {
      const { nodes } = await journal(state).read();
      return slots.map((slot) => nodes[`node${slot}`]?.[step]);
    },
    touched: () => slots.map((slot) => mtimeOf(desk.board.media(slot))),
    written: (file) =>
      Promise.all(
        slots.map((slot) => textIn(desk.board.media(slot), { start: desk.fixture.root.start, file })),
      ),
    leftovers: () => [
      ...namesIn(path.join(home, "temp")),
      ...namesIn(path.join(state, "drafts")),
      ...namesIn(path.join(home, "cache")).filter(
        (name) => !/^hashes(\/drafts|\/[0-9a-f]{64}\.json)?$/.test(name),
      ),
      ...namesIn(path.join(desk.board.root, "mnt/sdcard/tpi")).filter((name) => /^(parts|out)\//.test(name)),
      ...processesOf(home),
    ],
    [Symbol.asyncDispose]: async () => {
      await own.close();
      await desk[Symbol.asyncDispose]();
    },
  };
}

const mtimeOf = (file: string): bigint =>
  statSync(file, { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n;

async function textIn(media: string, of: { readonly start: number; readonly file: string }): Promise<string> {
  await using disk = overlay(await fileSource(media));
  const root = (await partitions(disk)).partitions.find(({ start }) => start === of.start);
  if (!root) return "";
  await using tree = await openTree(disk, root);
  return Buffer.from(await tree.read(of.file)).toString("utf8");
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true }).map(String);
  } catch {
    return [];
  }
}

/** Processes that were given a home, by their command lines. */
function processesOf(home: string): readonly string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
      if (!environment.includes(`TPI_HOME=${home}`)) return [];
      return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ")}`];
    } catch {
      return []; // it has ended
    }
  });
}
