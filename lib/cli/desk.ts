import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { boardState } from "../board.ts";
import { paths } from "../core/paths.ts";
import { planning } from "../core/plan.ts";
import { type Step, step } from "../core/step.ts";
import { type BoardRecord, virtual } from "../virtual.ts";
import { admit, type Furniture, furnish, keyIn, network, nodes } from "./furniture.ts";

/** What a plan goes on with where no board runs: nothing answers on port 1. */
const planned: BoardRecord = {
  pid: 1,
  start: "planned",
  host: "127.0.0.1",
  httpsPort: 1,
  sshPort: 1,
  user: "root",
  password: "planned",
  fingerprint: Array.from({ length: 32 }, () => "00").join(":"),
  sshHostKey: `SHA256:${"A".repeat(43)}`,
  dir: "planned",
};

/** A virtual board with all that a recipe and a person need to use it. */
export interface Desk {
  readonly record: BoardRecord;
  /** A tpi.yaml for it. */
  readonly config: string;
  /** For `ssh -F`: the nodes by name, by way of the board. */
  readonly sshConfig: string;
  readonly nodes: readonly { readonly name: string; readonly address: string }[];
  /** Where these files are; a plan without a board has a folder of its own, which goes away with it. */
  readonly folder: string;
  /** Whether it ran before. */
  readonly found: boolean;
}

/** So many modules, in words. */
export const counted = (modules: number): string => `${modules} module${modules === 1 ? "" : "s"}`;

const home = () => path.join(paths().state, "desk");
const planFolder = () => path.join(tmpdir(), `tpi-plan-${process.pid}`);

/** Starts the background board, or finds it running; with it come a tpi.yaml, a key to log in with, and an ssh_config. */
export function desk(of: { readonly image: string; readonly modules: number }): Step<Desk> {
  const label = `a virtual board with ${counted(of.modules)}`;
  const found = (there: Furniture): Desk => ({ ...desked(there), found: true });
  return step<Desk>({
    label: "a virtual board",
    subject: "desk",
    moves: [{ kind: "start", subject: "desk", text: `${label} on this machine` }],
    standIn: () => ({ ...desked({ ...of, record: planned, folder: planFolder() }), found: false }),
    settled: async () => {
      const record = await virtual.running();
      if (!record) return undefined;
      const { slots } = await virtual.control().status();
      const there = { ...of, record, modules: slots.filter((slot) => slot.module).length, folder: home() };
      if (!planning()) await furnish(there);
      else if (!existsSync(keyIn(home()))) return undefined; // a board of somebody else's making: nothing of it is known
      return {
        why: `one with ${counted(there.modules)} runs at ${record.host}:${record.httpsPort}`,
        value: found(there),
      };
    },
    perform: (doing) =>
      doing.move("start", async () => {
        const record = await virtual.up({ modules: of.modules, network }, doing.signal);
        const there = { ...of, record, folder: home() };
        await furnish(there);
        await admit(there, doing.signal);
        return { ...desked(there), found: false };
      }),
  });
}

function desked({ record, modules, folder }: Furniture): Omit<Desk, "found"> {
  const file = (name: string) => path.join(folder, name);
  return {
    record,
    folder,
    config: file("tpi.yaml"),
    sshConfig: file("ssh_config"),
    nodes: nodes.slice(0, modules),
  };
}

/** Ends the background board; its disks, its keys and what was remembered of it are removed. A plan's own files are, too. */
export async function clearDesk(): Promise<void> {
  await rm(planFolder(), { recursive: true, force: true });
  if (planning()) return;
  const record = await virtual.running();
  await virtual.down();
  await rm(home(), { recursive: true, force: true });
  if (record)
    await rm(boardState({ host: record.host, port: record.httpsPort }), { recursive: true, force: true });
}
