import { hooks } from "./hooks.ts";
import type { Recipe } from "./recipe.ts";
import { run } from "./run.ts";
import type { Distribution } from "./sources.ts";
import type { Mode } from "./tools.ts";

/** What mmdebstrap is told. */
export interface Bootstrap {
  readonly recipe: Recipe;
  readonly distribution: Distribution;
  readonly mode: Mode;
  /** Where the archive of the root file system goes. */
  readonly archive: string;
}

// documentation and translations: half of the files, and nobody reads them on a virtual module
const unwanted = ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*"];

/** The arguments for mmdebstrap; the apt sources go to its standard input. */
export function bootstrapWords({ recipe, distribution, mode, archive }: Bootstrap): readonly string[] {
  const { early, late } = hooks(recipe);
  const kernel = distribution.id === "debian" ? `linux-image-cloud-${recipe.arch}` : "linux-image-virtual";
  return [
    `--mode=${mode}`,
    "--variant=minbase",
    "--format=tar",
    `--architectures=${recipe.arch}`,
    `--include=${[...recipe.packages, kernel].join(",")}`,
    ...unwanted.map((glob) => `--dpkgopt=path-exclude=${glob}`),
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    `--essential-hook=${early}`,
    `--customize-hook=${late}`,
    distribution.suite,
    archive,
    "-",
  ];
}

/** Downloads, checks and installs the packages into an archive of the root file system; `note` hears what it is at. */
export async function bootstrap(
  program: string,
  of: Bootstrap & { readonly signal: AbortSignal; readonly note: (text: string) => void },
): Promise<void> {
  const line = (text: string) => {
    if (text.startsWith("I: "))
      of.note(
        text
          .slice(3)
          .replace(/^running --\w+-hook .*/, "configuring")
          .replace(/\.\.\.$/, ""),
      );
  };
  const input = of.distribution.sources;
  await run({ words: [program, ...bootstrapWords(of)], signal: of.signal, input, line });
}
