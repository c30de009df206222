import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { base } from "../base.ts";
import { board } from "../board.ts";
import { planning } from "../core/plan.ts";
import { ambient, guarded } from "../core/scope.ts";
import { clearDesk, type Desk, desk } from "./desk.ts";
import { furnish } from "./furniture.ts";

/** How `npm start` is run. */
export interface StartOptions {
  /** Leaves the board up afterwards. */
  readonly keep: boolean;
  /** Arguments for the recipe. */
  readonly words: readonly string[];
}

const recipe = fileURLToPath(new URL("../../recipes/rk1-ubuntu.mts", import.meta.url));

/**
 * The main job: a base image, a virtual board with two modules, and the recipe that puts the one on the other. A board
 * that was up before, or is kept, stays; any other is gone afterwards, also after a failure or Ctrl-C.
 */
export async function start({ keep, words }: StartOptions): Promise<void> {
  await guarded(async () => {
    const image = await base().build();
    const own = await desk({ image: image.path, modules: 2 });
    const stays = keep || own.found;
    try {
      if (planning() && !own.found) await furnish({ ...own, image: image.path, modules: 2 });
      await run(own, words);
      if (!planning()) process.stderr.write(goodbye(own, stays));
    } finally {
      if (!stays || planning()) await clearDesk();
    }
  });
}

/** Runs the recipe in this process, as if it had been called by itself. */
async function run(own: Desk, words: readonly string[]): Promise<void> {
  process.env.TPI_CONFIG = own.config;
  if (own.found) greet();
  process.argv = [process.argv[0] ?? "node", recipe, ...words];
  await import(pathToFileURL(recipe).href);
}

/** Logs in to modules that may be up already while the recipe is still read: it asks each of them first. */
function greet(): void {
  const signal = AbortSignal.any([ambient().signal, AbortSignal.timeout(8_000)]);
  for (const { ssh } of board().nodes) ssh.connect(signal).catch(() => undefined); // the recipe will say why not
}

function goodbye(own: Desk, stays: boolean): string {
  const first = own.nodes[0]?.name ?? "";
  const recipeName = path.relative(process.cwd(), recipe);
  const up = [
    "The board is up. Log in, look around, run the recipe again (it will have nothing to do):",
    `  ssh -F ${own.sshConfig} ${first}`,
    `  TPI_CONFIG=${own.config} npx tsx ${recipeName}`,
    "  npx tpix board down        # ends it and leaves nothing",
  ];
  const gone = [
    "The board is gone again. Keep it, to log in to the modules and to run the recipe a second time:",
    "  npm start -- --keep",
  ];
  const real = [
    "The same recipe on your own board: name its address, image and nodes in tpi.yaml (README), then",
    `  npx tsx ${recipeName} --plan`,
  ];
  return `\n${[...(stays ? up : gone), "", ...real].join("\n")}\n`;
}
