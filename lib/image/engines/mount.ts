import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { scratch } from "../../core/scratch.ts";
import { installText, tool, toolPath } from "../../core/tool.ts";
import type { Engine, EngineJob, Needs } from "../engine.ts";
import { agentOver, type Wires } from "./agent.ts";
import { agentBench, type Site } from "./bench.ts";
import { hasLoops, kernelLacks, mayMount } from "./kernel.ts";

const programs = ["mount", "umount", "losetup", "unshare", "setpriv", "chroot"];

/** Linux and root: the base unpacked into the temp folder, its partitions mounted by this kernel, commands in a chroot. */
export const mountEngine: Engine = {
  name: "mount",
  unfit,
  open: async (job) => await agentBench(await here(job), job),
};

async function unfit(needs: Needs): Promise<string | undefined> {
  if (process.platform !== "linux") return `it needs Linux, and this is ${process.platform}`;
  if (!(await mayMount())) return "it mounts, which only root may: run it with sudo";
  if (!(await hasLoops())) return "this kernel has no loop devices: modprobe loop";
  for (const name of programs) {
    if ((await toolPath(name)) === undefined) return `${name} is not installed: ${installText(name)}`;
  }
  return await kernelLacks(needs);
}

const agentFile = fileURLToPath(new URL("../agent/main.mjs", import.meta.url));

/** Starts the agent beside this process, in a mount namespace of its own: what it mounts dies with it. */
async function here({ scope }: EngineJob): Promise<Site> {
  const unshare = await tool("unshare", "the mount engine");
  const folder = await scratch("mount", { keep: true });
  const words = ["--mount", "--propagation", "private", process.execPath, agentFile, folder.path];
  // a process group of its own: a Ctrl-C is for us, and the agent hears of it when we let go
  const child = spawn(unshare, words, { detached: true, env: environment() });
  const agent = agentOver(wiresOf(child), { engine: "mount", signal: scope.signal });
  return {
    agent,
    folder: folder.path,
    done: folder.done,
    [Symbol.asyncDispose]: async () => {
      await agent[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The agent finds the programs of an administrator, and takes no flags of ours for Node. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return { ...env, LC_ALL: "C.UTF-8", PATH: `${env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin` };
}

function wiresOf(child: ReturnType<typeof spawn>): Wires {
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new TypeError("the agent was started without pipes");
  let complaint = "";
  stderr.setEncoding("utf8").on("data", (text: string) => (complaint = `${complaint}${text}`.slice(-2000)));
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => {
      const how = signal ? `signal ${signal}` : `code ${code}`;
      resolve(complaint.trim() === "" ? `its agent ended with ${how}` : complaint.trim());
    });
  });
  return { input: stdin, output: stdout, ended };
}
