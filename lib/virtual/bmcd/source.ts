import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { PassThrough, Readable } from "node:stream";
import type { Controller } from "../controller.ts";
import type { Job } from "./job.ts";

/** Where a transfer's bytes come from, and how many will come. */
export interface Source {
  readonly bytes: Readable;
  readonly size: number;
  /** The queue that an upload is put into: about 16 chunks, as in the daemon. Absent for what comes by itself. */
  readonly lane?: PassThrough;
}

/** Opens what a job reads from; an error carries the daemon's text. A URL is answered when its server has answered. */
export async function openSource(
  controller: Controller,
  opening: { job: Job; signal: AbortSignal },
): Promise<Source> {
  const { source } = opening.job;
  switch (source.kind) {
    case "upload": {
      const lane = new PassThrough({ highWaterMark: 16 * 64 * 1024 });
      return { bytes: lane, lane, size: source.length };
    }
    case "local": {
      const file = await controller.files.at(source.path);
      const found = await stat(file).catch(() => undefined);
      if (!found?.isFile())
        throw new Error(`Failed to ${source.path}: No such file or directory (os error 2)`);
      const bytes = createReadStream(file, { highWaterMark: 512 * 1024 });
      bytes.on("error", () => undefined); // the reader sees it, where there is one
      return { bytes, size: found.size };
    }
    case "url":
      return await pull(source.url, opening.signal);
  }
}

/** Follows redirects and, like the daemon, takes whatever comes: the status is not looked at. */
async function pull(url: string, signal: AbortSignal): Promise<Source> {
  const response = await fetch(url, { signal, headers: { "accept-encoding": "identity" } }).catch(
    () => undefined,
  );
  if (!response) throw new Error(`error sending request for url (${url})`);
  const length = response.headers.get("content-length");
  if (length === null || !response.body) {
    await response.body?.cancel();
    throw new Error("No content-length header");
  }
  const bytes = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]); // one stream, two typings
  return { bytes, size: Number(length) };
}
