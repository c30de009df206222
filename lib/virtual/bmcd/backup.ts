import { spawn } from "node:child_process";
import type { Controller } from "../controller.ts";
import type { Reply } from "./replies.ts";

/** A gzipped tar of what is writable on the controller, by the `tar` of this machine, as a stream. */
export function backup({ files, clock }: Controller, signal: AbortSignal): Reply {
  const child = spawn("tar", ["-C", files.root, "-czf", "-", "etc", "root", "var"], {
    stdio: ["ignore", "pipe", "ignore"],
    signal,
  });
  child.on("error", (error) => child.stdout.destroy(error));
  const [year, month, day] = new Date(clock()).toISOString().slice(0, 10).split("-");
  const name = `tp2-backup-${day}-${month}-${year}.tar.gz`;
  return {
    status: 200,
    headers: { "content-type": "application/gzip", "content-disposition": `attachment; filename="${name}"` },
    body: child.stdout,
  };
}
