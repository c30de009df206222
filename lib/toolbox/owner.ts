import { hostname } from "node:os";
import type Dockerode from "dockerode";
import { startOf } from "../core/alive.ts";
import { isMissing } from "./docker.ts";

const labels = { run: "tpi.run", host: "tpi.host" } as const;

/** Labels that say whose a container is: this process of this machine. */
export async function ownLabels(): Promise<Readonly<Record<string, string>>> {
  return { [labels.run]: `${process.pid}/${await startOf(process.pid)}`, [labels.host]: hostname() };
}

/**
 * Removes the containers of processes of this machine that have died. Those of other machines that share the engine
 * stay: whether their owners live cannot be asked from here.
 */
export async function sweep(engine: Dockerode): Promise<void> {
  const filters = { label: [labels.run, `${labels.host}=${hostname()}`] };
  for (const { Id, Labels } of await engine.listContainers({ all: true, filters })) {
    const [pid, start] = (Labels[labels.run] ?? "").split("/");
    if ((await startOf(Number(pid))) === start) continue;
    await removed(engine.getContainer(Id));
  }
}

/** Removes a container with its volumes, running or not, and waits where it removes itself; fine where it is gone. */
export async function removed(container: Dockerode.Container): Promise<void> {
  try {
    await container.remove({ force: true, v: true });
  } catch (error) {
    if (isMissing(error)) return;
    const going = error instanceof Error && "statusCode" in error && error.statusCode === 409;
    if (!going) throw error;
    await container.wait({ condition: "removed" }).catch((gone: unknown) => {
      if (!isMissing(gone)) throw gone;
    });
  }
}
