import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { TpiError } from "../core/fault.ts";
import { Secret, secret } from "../core/secret.ts";
import { located } from "./locate.ts";
import type { SecretReference } from "./schema.ts";
import type { Origin } from "./written.ts";

/** A secret that is looked up when it is needed, not when the configuration is read. */
export interface SecretSource {
  /** Where it comes from, to show: `env TPI_PASSWORD`, `file /…/key`, `command pass show bmc`, or `tpi.yaml:3`. */
  readonly from: string;
  /** Looks it up, once: later calls give the same value. `SECRET_UNRESOLVED` where there is none. */
  open(signal?: AbortSignal): Promise<Secret>;
}

/** The source that a reference at `path` stands for; nothing is read or run yet, but a literal is known from here on. */
export function sourceOf(reference: SecretReference, at: { path: string; origin: Origin }): SecretSource {
  const { from, find } = lookup(reference, at.origin);
  let known: Secret | undefined;
  return {
    from,
    open: async (signal) => {
      if (known) return known;
      const value = await find(signal).catch((cause: Error) => {
        signal?.throwIfAborted();
        throw new TpiError(
          "SECRET_UNRESOLVED",
          { path: at.path, from, why: cause.message.trim() },
          { cause },
        );
      });
      if (value === "")
        throw new TpiError("SECRET_UNRESOLVED", { path: at.path, from, why: "that is empty" });
      known = secret(value);
      return known;
    },
  };
}

interface Lookup {
  readonly from: string;
  readonly find: (signal?: AbortSignal) => Promise<string>;
}

function lookup(reference: SecretReference, origin: Origin): Lookup {
  if (typeof reference === "string" || reference instanceof Secret) {
    const literal = secret(reference); // from here on it is redacted
    return { from: origin.at, find: async () => literal.reveal() };
  }
  if ("env" in reference) {
    return { from: `env ${reference.env}`, find: async () => variable(reference.env) };
  }
  if ("file" in reference) {
    const file = located(reference.file, origin);
    return {
      from: `file ${file}`,
      find: async (signal) => cut(await readFile(file, { encoding: "utf8", signal })),
    };
  }
  return {
    from: `command ${reference.command}`,
    find: (signal) => output(reference.command, { origin, signal }),
  };
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error("that is not set");
  return value;
}

async function output(
  command: string,
  run: { origin: Origin; signal: AbortSignal | undefined },
): Promise<string> {
  const { stdout } = await promisify(execFile)("/bin/sh", ["-c", command], {
    cwd: run.origin.folder,
    signal: run.signal,
  });
  return cut(stdout);
}

const cut = (text: string): string => text.replace(/\r?\n$/, "");
