import type { Fault } from "../fault.ts";

/** One thing wrong in a configuration: where it was written, its path, and both what is there and what must be. */
export interface Problem {
  /** `tpi.yaml:4`, the name of a variable, or `config()` for a configuration in code. */
  readonly at: string;
  readonly path: string;
  readonly found: string;
  readonly wanted: string;
}

/** Faults of tpi.yaml, its variables and its secrets. */
export const configFaults = {
  CONFIG_MISSING: {
    exit: "usage",
    message: (p: { folder: string }) =>
      `there is no tpi.yaml in ${p.folder} or above it, and TPI_HOST is not set`,
    hint: "write a tpi.yaml (docs/config.md has a short one), name one with --config FILE, or set TPI_HOST and TPI_PASSWORD",
  },
  CONFIG_FOLDER: {
    exit: "usage",
    message: (p: { path: string }) => `${p.path} is a folder, and not a configuration`,
    hint: "name the file in it: --config FILE, TPI_CONFIG, or the `extends` of a tpi.yaml",
  },
  CONFIG_SYNTAX: {
    exit: "usage",
    message: (p: { at: string; why: string }) => `${p.at} is not YAML: ${p.why}`,
    hint: "mend that line; lists, maps and quotes are explained at https://yaml.org/spec/1.2.2/#chapter-2-language-overview",
  },
  CONFIG_INVALID: {
    exit: "usage",
    message: (p: { problems: readonly Problem[] }) =>
      p.problems.map((one) => `${one.at}: ${one.path} is ${one.found}, and must be ${one.wanted}`).join("\n"),
    hint: "docs/config.md lists every key; an editor that reads docs/tpi.schema.json shows this while typing",
  },
  CONFIG_VARIABLE: {
    exit: "usage",
    message: (p: { at: string; path: string; name: string }) =>
      `${p.at}: ${p.path} needs the variable ${p.name}, which is not set`,
    hint: (p: { name: string }) =>
      `set ${p.name}, give it a default as \${${p.name}:-value}, or write $\${${p.name}} for the text itself`,
  },
  CONFIG_CYCLE: {
    exit: "usage",
    message: (p: { files: readonly string[] }) => `the files extend each other: ${p.files.join(" -> ")}`,
    hint: "take one of the `extends` lines out",
  },
  SECRET_UNRESOLVED: {
    exit: "refused",
    message: (p: { path: string; from: string; why: string }) =>
      `${p.path} comes from ${p.from}, and ${p.why}`,
    hint: "set the variable, write the file, or run the command by hand to see what it says",
  },
} satisfies Record<string, Fault<never>>;
