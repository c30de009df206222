import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { stringify } from "yaml";
import { type BoardOptions, type VirtualBoard, virtual } from "../../lib/virtual.ts";
import { type ImageFixture, must, rk1Image } from "../disk/fixture.ts";

/** A recipe that flashes node 1 and leaves it off. */
export const flashing = `
import { board, flash, image } from "tpi";
const desk = board();
const own = image(desk.image).user("ops", { keys: desk.login.publicKey }).for(desk.node(1)).key("cp1");
const report = await flash(own).to(desk.node(1)).keepOff();
console.log(JSON.stringify(report));
`;

/** How a recipe ended, as its caller sees it. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A board without machines, a small image, and a folder with a tpi.yaml, for recipes that run as processes. */
export interface TestDesk extends AsyncDisposable {
  readonly board: VirtualBoard;
  readonly folder: string;
  readonly fixture: ImageFixture;
  readonly image: string;
  /** Writes tpi.yaml anew, with a change to its `board` part. */
  configure(board?: object, image?: string): void;
  /** Runs a recipe's text; `during` is given the process's standard error as it comes, and a way to signal it. */
  run(recipe: string, options?: RunOptions): Promise<Ended>;
  /** Whether the first two slots have power. */
  powers(): readonly boolean[];
  /** The entries of the newest run log. */
  log(): readonly Readonly<Record<string, unknown>>[];
}

export interface RunOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly during?: (said: string, kill: (signal: NodeJS.Signals) => void) => void;
  /** Called once the process is there. */
  readonly begun?: (kill: (signal: NodeJS.Signals) => void) => void;
}

export async function testDesk(
  options: BoardOptions & { readonly rootMib?: number } = {},
): Promise<TestDesk> {
  const { rootMib, ...words } = options;
  const folder = mkdtempSync(path.join(tmpdir(), "tpi-recipes-"));
  const board = await virtual.board({ modules: 2, machines: "none", ...words });
  const fixture = await rk1Image(folder, rootMib === undefined ? {} : { rootMib });
  await must("xz", "-k", "-T2", "-1", "--block-size=1MiB", fixture.path);
  const image = `${fixture.path}.xz`;
  await must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path.join(folder, "key"));
  const configure = (change: object = {}, base = image) =>
    writeFileSync(path.join(folder, "tpi.yaml"), stringify(settings({ board, folder, base, change })), {
      mode: 0o600,
    });
  configure();
  mkdirSync(path.join(folder, "home"));
  const log = path.join(folder, "run.jsonl");
  return {
    board,
    folder,
    fixture,
    image,
    configure,
    run: (recipe, wish = {}) => runRecipe({ folder, log, recipe, wish }),
    powers: () =>
      board
        .slots()
        .slice(0, 2)
        .map((slot) => slot.powered),
    log: () =>
      readFileSync(log, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    [Symbol.asyncDispose]: async () => {
      await board.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function settings(of: { board: VirtualBoard; folder: string; base: string; change: object }): object {
  const { host, httpsPort, sshPort, fingerprint, sshHostKey, password } = of.board;
  return {
    board: {
      host,
      port: httpsPort,
      password,
      fingerprint,
      ssh: { port: sshPort, hostKey: sshHostKey },
      ...of.change,
    },
    network: { subnet: "10.10.88.0/24", gateway: "10.10.88.1" },
    image: of.base,
    keys: { private: path.join(of.folder, "key"), authorized: path.join(of.folder, "key.pub") },
    nodes: Object.fromEntries(
      of.board.slots().flatMap(({ slot, module }) => {
        const node = { module, hostname: slot === 1 ? "cp1" : `w${slot - 1}`, address: `10.10.88.7${slot}` };
        return module ? [[slot, node]] : [];
      }),
    ),
  };
}

const root = path.resolve(import.meta.dirname, "../..");

async function runRecipe(of: {
  folder: string;
  log: string;
  recipe: string;
  wish: RunOptions;
}): Promise<Ended> {
  const { folder, log, recipe, wish } = of;
  const file = recipe.startsWith("/") ? recipe : path.join(folder, "recipe.mts");
  if (!recipe.startsWith("/"))
    writeFileSync(file, recipe.replaceAll('"tpi"', JSON.stringify(path.join(root, "lib/tpi.ts"))));
  rmSync(log, { force: true });
  const env = {
    ...process.env,
    TPI_CONFIG: path.join(folder, "tpi.yaml"),
    TPI_HOME: path.join(folder, "home"),
    TPI_RUN_LOG: log,
    ...wish.env,
  };
  const child = spawn(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), file, ...(wish.args ?? [])],
    {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  wish.begun?.((signal) => child.kill(signal));
  child.stderr.on("data", (piece: Buffer) => {
    said += piece;
    wish.during?.(said, (signal) => child.kill(signal));
  });
  const [stdout, [code]] = await Promise.all([
    text(child.stdout),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr: said };
}
