import { TpiError } from "./core/fault.ts";
import { type Step, step } from "./core/step.ts";
import type { Started, ToolboxOptions } from "./toolbox/container.ts";
import { docker } from "./toolbox/docker.ts";
import { toolboxRecipe } from "./toolbox/recipe.ts";

export type { Started, ToolboxOptions } from "./toolbox/container.ts";

/** A Linux of our own in a Docker container: for what needs a kernel, where this machine has none or is not root. */
export interface Toolbox {
  /** The name of its image. */
  readonly image: string;
  readonly options: ToolboxOptions;
  /**
   * Makes the image where the engine lacks it: from `docker/toolbox.Dockerfile`, whose base comes from a registry, or
   * `from("packages")`. A `TypeError` where you named an image of your own.
   */
  build(): Step<string>;
  /** The same toolbox, made on this Debian or Ubuntu from its own package mirror; no registry is asked. Needs root. */
  from(source: "packages" | "registry"): Toolbox;
  /** Why it cannot be started, with what would help; undefined where it can. */
  lacks(signal: AbortSignal): Promise<string | undefined>;
  /** Starts a command line in a container of its own, with a folder of this machine as `/tpi`; see {@link Started}. */
  start(job: Job): Promise<Started>;
}

/** What a container is for. */
export interface Job {
  readonly files: string;
  readonly words: readonly string[];
  readonly signal: AbortSignal;
}

const images = () => import("./toolbox/image.ts");

/** The toolbox of the engine that `DOCKER_HOST` names, or of this machine's own. Nothing is asked of it yet. */
export const toolbox = (options: ToolboxOptions = {}): Toolbox => described(options, "registry");

function described(options: ToolboxOptions, source: "packages" | "registry"): Toolbox {
  const recipe = toolboxRecipe();
  const image = options.image ?? recipe.image;
  return {
    image,
    options,
    build: () => {
      if (options.image !== undefined) throw new TypeError(`${options.image} is yours to build`);
      return building(source);
    },
    from: (next) => described(options, next),
    lacks: (signal) => lacking(image, signal),
    start: async (job) => {
      const { startContainer } = await import("./toolbox/container.ts");
      return await startContainer({ ...job, image, options });
    },
  };
}

function building(source: "packages" | "registry"): Step<string> {
  const recipe = toolboxRecipe();
  const { image, packages } = recipe;
  const how = source === "registry" ? "from docker/toolbox.Dockerfile" : `from ${packages.length} packages`;
  return step({
    label: `make ${image}`,
    subject: "toolbox",
    moves: [{ kind: "toolbox", subject: "toolbox", text: `make ${image} ${how}` }],
    depends: { image, source },
    standIn: () => image,
    settled: async ({ signal }) =>
      (await (await images()).hasImage(await docker(), { image, signal }))
        ? { why: "the Docker engine has it", value: image }
        : undefined,
    perform: (doing) =>
      doing.move("toolbox", async () => {
        const { archived, fromRegistry, imported } = await images();
        const engine = await docker();
        if (source === "registry") await fromRegistry(engine, { recipe, scope: doing });
        else await imported(engine, { recipe, file: await archived(recipe, doing) });
        return image;
      }),
  });
}

async function lacking(image: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const engine = await docker();
    if (await (await images()).hasImage(engine, { image, signal })) return undefined;
    const { message, hint } = new TpiError("TOOLBOX_MISSING", { image });
    return `${message}: ${hint}`;
  } catch (error) {
    if (error instanceof TpiError) return `${error.message}: ${error.hint}`;
    throw error;
  }
}
