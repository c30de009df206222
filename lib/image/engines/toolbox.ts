import { fileURLToPath } from "node:url";
import { type ToolboxOptions, toolbox } from "../../toolbox.ts";
import type { Engine, EngineJob, Needs } from "../engine.ts";
import { agentOver } from "./agent.ts";
import { agentBench, type Site } from "./bench.ts";
import { kernelLacks } from "./kernel.ts";

/**
 * What the mount engine does, in a Docker container: where this machine is no Linux, or we are not root on it. The disk
 * lies in a volume of the container and goes in and out over its pipes, so that the engine may also be on another machine.
 */
export const toolboxEngine = (options: ToolboxOptions = {}): Engine => ({
  name: "toolbox",
  unfit: async (needs, signal) => (await toolbox(options).lacks(signal)) ?? (await sharedKernelLacks(needs)),
  open: async (job) => await agentBench(await inContainer(job, options), job),
});

/** On Linux the engine is as a rule on this machine and has its kernel; of another one only a mount will tell. */
async function sharedKernelLacks(needs: Needs): Promise<string | undefined> {
  const elsewhere = process.platform !== "linux" || /^(tcp|ssh|https?):/.test(process.env.DOCKER_HOST ?? "");
  return elsewhere ? undefined : await kernelLacks(needs);
}

const agentFolder = fileURLToPath(new URL("../agent/", import.meta.url));

async function inContainer({ scope }: EngineJob, options: ToolboxOptions): Promise<Site> {
  const words = ["node", "/tpi/main.mjs", "/work"];
  const container = await toolbox(options).start({ files: agentFolder, words, signal: scope.signal });
  const agent = agentOver(container, { engine: "toolbox", signal: scope.signal });
  return {
    agent,
    folder: "/work",
    [Symbol.asyncDispose]: async () => {
      await agent[Symbol.asyncDispose]();
      await container[Symbol.asyncDispose]();
    },
  };
}
