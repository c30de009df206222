import type Dockerode from "dockerode";
import { isFault, TpiError } from "../core/fault.ts";

/** The Docker engine of `DOCKER_HOST`, or of this machine. Nothing is asked of it yet. */
export async function docker(): Promise<Dockerode> {
  const { default: Docker } = await import("dockerode"); // 200 ms that only the toolbox pays
  return new Docker();
}

/**
 * Asks the engine for something. `TOOLBOX_UNREACHABLE` where none answers, `TOOLBOX_FAILED` with `what` and its own
 * words where it refuses.
 */
export async function asks<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isFault(error) ? error : faultOf(error, what);
  }
}

function faultOf(error: unknown, what: string): unknown {
  if (!(error instanceof Error) || error.name === "AbortError") return error;
  const { code } = error as NodeJS.ErrnoException; // sockets say it, the engine does not
  if (code !== undefined && /^(ENOENT|ECONN|EACCES|EPERM|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT)/.test(code)) {
    return new TpiError("TOOLBOX_UNREACHABLE", { why: error.message }, { cause: error });
  }
  const why = error.message.replace(/^\(HTTP code \d+\) [\w ]+ - /, "").trim();
  return new TpiError("TOOLBOX_FAILED", { what, why }, { cause: error });
}

/** The engine's answer code for what is not there, such as an image. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error && "statusCode" in error && error.statusCode === 404;

/** Reads a stream of progress events to its end; an event with an error is thrown, which dockerode leaves to us. */
export async function followed(
  stream: NodeJS.ReadableStream,
  of: { engine: Dockerode; note: (text: string) => void },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let failure: string | undefined;
    const done = (error: Error | null) => {
      if (error) reject(error);
      else if (failure === undefined) resolve();
      else reject(new Error(failure));
    };
    of.engine.modem.followProgress(
      stream,
      done,
      (event: { error?: string; stream?: string; status?: string }) => {
        failure ??= event.error;
        const text = (event.stream ?? event.status ?? "").trim();
        if (text !== "") of.note(text);
      },
    );
  });
}
