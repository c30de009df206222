import { type Command, InvalidArgumentError, Option } from "commander";
import { bytesOf, type Duration, type Size } from "../core/units.ts";
import type { CacheWords } from "./cache.ts";

type BaseWords = CacheWords & { readonly bases: boolean };

/** The words about what is kept between runs: `cache` and `state`. */
export function keeping(words: Command): void {
  const cache = words.command("cache").description("images that are kept, here or on the board's card");
  const place = (command: Command) =>
    command
      .option("--on-bmc", "the cache on the board's card", false)
      .option("--folder <path>", "another folder than the usual one");
  const own = (command: Command) =>
    place(command).addOption(
      new Option("--bases", "what the kit keeps for itself: base images, downloads")
        .default(false)
        .conflicts(["onBmc", "folder", "tag"]),
    );
  own(cache.command("ls").description("list them, with totals"))
    .option("--tag <name=value>", "only those with this tag (may be repeated)", tag, {})
    .option("--json", "for programs", false)
    .action(async (options: BaseWords) =>
      options.bases
        ? (await import("./bases.ts")).listBases(options)
        : (await import("./cache.ts")).listCache(options),
    );
  place(cache.command("show").description("all that is known of one").argument("<key>"))
    .option("--json", "for programs", false)
    .action(async (key: string, options: CacheWords) =>
      (await import("./cache.ts")).showCached(key, options),
    );
  own(cache.command("rm").description("remove some").argument("<keys...>")).action(
    async (keys: readonly string[], options: BaseWords) =>
      options.bases
        ? (await import("./bases.ts")).removeBases(keys)
        : (await import("./cache.ts")).removeCached(keys, options),
  );
  place(
    cache.command("export").description("write one to a file").argument("<key>").argument("<file>"),
  ).action(async (key: string, file: string, options: CacheWords) =>
    (await import("./cache.ts")).exportCached({ key, file }, options),
  );
  own(cache.command("prune").description("remove what may go; without words, what nothing refers to"))
    .option("--tag <name=value>", "only those with this tag (may be repeated)", tag, {})
    .option("--unused-for <time>", "those not used for longer, as 12h or 30d", duration)
    .option("--keep-size <size>", "those used longest ago, until so much is left, as 20GB", bytes)
    .option("--keep-count <count>", "those used longest ago, until so many are left", count)
    .option("--dry-run", "only say what would go", false)
    .action(async (options: BaseWords) =>
      options.bases
        ? (await import("./bases.ts")).pruneBases(options)
        : (await import("./cache.ts")).pruneCache(options),
    );
  own(cache.command("verify").description("hash every content"))
    .addOption(
      new Option("--set-aside", "move what is damaged to damaged/").default(false).conflicts("bases"),
    )
    .action(async (options: BaseWords) =>
      options.bases
        ? (await import("./bases.ts")).verifyBases()
        : (await import("./cache.ts")).verifyCache(options),
    );
  state(words);
}

function state(words: Command): void {
  const own = words
    .command("state")
    .description("what was done on the board, by node and step")
    .option("--json", "for programs", false)
    .action(async (options: { json: boolean }) => (await import("./state.ts")).showState(options));
  own
    .command("reset")
    .description("forget a node, or one step of it, so that it is done anew")
    .argument("<node>")
    .argument("[step]")
    .action(async (node: string, step?: string) => (await import("./state.ts")).resetState(node, step));
  own
    .command("repair")
    .description("put a journal that cannot be read beside its place, and go on from the change before")
    .action(async () => (await import("./state.ts")).repairState());
}

function tag(word: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("say name=value.");
  return { ...before, [name]: value };
}

function duration(word: string): Duration {
  if (!/^\d+(\.\d+)?(s|m|h|d)$/.test(word)) throw new InvalidArgumentError("say 90m, 12h or 30d.");
  return word as Duration; // the pattern is that of a duration
}

function bytes(word: string): number {
  try {
    return bytesOf(word as Size); // which looks at it
  } catch {
    const number = /^\d+(\.\d+)?/.exec(word)?.[0] ?? "20";
    throw new InvalidArgumentError(`a size has its unit: say ${number}GB, ${number}MB or ${number}GiB.`);
  }
}

function count(word: string): number {
  if (!/^\d+$/.test(word)) throw new InvalidArgumentError("say a number.");
  return Number(word);
}
