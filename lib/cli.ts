import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { images } from "./cli/images.ts";
import { keeping } from "./cli/keeping.ts";
import { exitCodes } from "./core/fault.ts";

/** Runs `tpix` with the words of a command line. Each command's own code is loaded when it is called for. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(planSpelledOut(argv));
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage; // it has said what is wrong
  }
}

/** `--plan` of `tpix run` takes a form only behind an equals sign: the word that follows it may be the recipe. */
function planSpelledOut(argv: readonly string[]): string[] {
  const isValue = (at: number) => ["--board", "--config"].includes(argv[at - 1] ?? "");
  const recipe = argv.findIndex((word, at) => at > 2 && !word.startsWith("-") && !isValue(at));
  const before = (at: number) => argv[2] === "run" && (recipe < 0 || at < recipe);
  return argv.map((word, at) => (word === "--plan" && before(at) ? "--plan=text" : word));
}

function program(): Command {
  const words = new Command("tpix")
    .description("Script kit for Turing Pi boards: recipes, a REPL, and a virtual board to try them on.")
    .version(version())
    .exitOverride()
    .showHelpAfterError("(tpix --help lists the commands)")
    .enablePositionalOptions();
  recipes(words);
  looking(words);
  keeping(words);
  images(words.command("image").description("disk images, looked into without root"));
  boards(words.command("board").description("the virtual board in the background"));
  words
    .command("start")
    .description("the main job on a virtual board: flash two modules, boot them, log in")
    .option("--keep", "leave the board up afterwards", false)
    .argument("[words...]", "arguments for the recipe")
    .allowUnknownOption()
    .action(async (rest: readonly string[], { keep }: { keep: boolean }) => {
      await (await import("./cli/start.ts")).start({ keep, words: rest });
    });
  return words;
}

function recipes(words: Command): void {
  words
    .command("run")
    .description("run a recipe")
    .argument("<recipe>", "an .mts file")
    .argument("[args...]", "its arguments")
    .addOption(
      new Option("--plan [=form]", "say what would be done, and do nothing").choices(["text", "json"]),
    )
    .option(
      "--board <host>",
      "the board's address, in place of the file's; `virtual` for the virtual board",
      valued,
    )
    .option("--config <file>", "a tpi.yaml", valued)
    .passThroughOptions()
    .action(async (recipe: string, args: readonly string[], options: RunWords) => {
      const { plan, board, config } = options;
      const wish = { ...(board ? { board } : {}), ...(config ? { config } : {}) };
      await (await import("./cli/run.ts")).run({ recipe, args, ...wish, ...(plan ? { plan } : {}) });
    });
  words
    .command("new")
    .description("copy a template to a file of your own; without words, list the templates")
    .argument("[template]")
    .argument("[file]")
    .action(async (template?: string, file?: string) => {
      await (await import("./cli/new.ts")).newRecipe(template, file);
    });
}

/** An option that takes a value would take the next option for it. */
function valued(word: string): string {
  if (word === "" || word.startsWith("-")) throw new InvalidArgumentError("That is not a value for it.");
  return word;
}

interface RunWords {
  readonly plan?: "text" | "json";
  readonly board?: string;
  readonly config?: string;
}

function looking(words: Command): void {
  words
    .command("repl")
    .description("an interactive prompt with every word of the kit")
    .action(async () => (await import("./cli/repl.ts")).repl());
  words
    .command("doctor")
    .description("look at what this machine has, and what is missing")
    .action(async () => (await import("./cli/doctor.ts")).doctor());
  words
    .command("console")
    .description("the serial console of a node: what it prints, and what you type, until Ctrl-C")
    .argument("<slot>", "1 to 4")
    .action(async (slot: string) => (await import("./cli/console.ts")).watchConsole(slot));
  words
    .command("base")
    .description("the base image for the virtual board")
    .command("build")
    .description("build it where it is not built yet, and print its path")
    .addOption(
      new Option("--arch <arch>", "what its programs are for").choices(["amd64", "arm64"]).default("amd64"),
    )
    .action(async ({ arch }: { arch: "amd64" | "arm64" }) => {
      const image = await (await import("./base.ts")).base({ arch }).build();
      process.stdout.write(`${image.path}\n`);
    });
  words
    .command("toolbox")
    .description("the Docker image for what needs a kernel, such as commands inside an image")
    .command("build")
    .description("make it where the Docker engine lacks it, and print its name")
    .addOption(
      new Option("--from <source>", "a registry's Debian, or this machine's packages and no registry")
        .choices(["registry", "packages"])
        .default("registry"),
    )
    .action(async ({ from }: { from: "registry" | "packages" }) => {
      const { toolbox } = await import("./toolbox.ts");
      process.stdout.write(`${await toolbox().from(from).build()}\n`);
    });
}

function boards(words: Command): void {
  words
    .command("up")
    .description("start it, or find it running, and print how it is reached")
    .addOption(
      new Option("--modules <count>", "how many RK1 are in its slots")
        .choices(["1", "2", "3", "4"])
        .default("4"),
    )
    .action(async ({ modules }: { modules: string }) => (await import("./cli/board.ts")).up(Number(modules)));
  words
    .command("down")
    .description("end it and remove all that it has put on this machine")
    .option("--keep", "keep its disks, for the next up", false)
    .action(async ({ keep }: { keep: boolean }) => (await import("./cli/board.ts")).down(keep));
  words
    .command("status")
    .description("what runs in its slots, and which faults are armed")
    .action(async () => (await import("./cli/board.ts")).status());
  words
    .command("faults")
    .description(
      "arm faults, as crashAt=1000000; clear one with crashAt=, all with `clear`; without words, list them",
    )
    .argument("[faults...]")
    .action(async (faults: readonly string[]) => (await import("./cli/board.ts")).armFaults(faults));
}

function version(): string {
  const file: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof file === "object" && file !== null && "version" in file ? String(file.version) : "unknown";
}
