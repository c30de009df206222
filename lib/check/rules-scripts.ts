import { type Complaint, each, type Look, type Rule } from "./look.ts";
import { interpreterOf, type Script, scripts } from "./script.ts";

/** Scripts that the kernel cannot start, or that stop at a syntax error: they fail on the first boot and nobody sees it. */
export const scriptStarts: Rule = {
  name: "scripts",
  check: async (look) => each(await scripts(look), (script) => faultsOf(script, look)),
};

async function faultsOf(script: Script, look: Look): Promise<readonly Complaint[]> {
  return [...modeOf(script), ...(await shebangOf(script, look)), ...(await syntaxOf(script, look))];
}

function modeOf({ path, mode, startedBy }: Script): readonly Complaint[] {
  if (startedBy === "shell" || (mode & 0o111) !== 0) return [];
  const text = `is not executable (mode ${mode.toString(8)}), so it is never run`;
  return [{ severity: "error", path, text, hint: "give it the mode 0755" }];
}

async function shebangOf({ path, text, startedBy }: Script, { root }: Look): Promise<readonly Complaint[]> {
  const bad = (what: string, hint: string): readonly Complaint[] => [
    { severity: "error", path, text: what, hint },
  ];
  const interpreter = interpreterOf(text);
  const late = text.split("\n").findIndex((line) => /^#!\s*\//.test(line));
  if (!interpreter && late > 0)
    return bad(
      `has its #! in line ${late + 1}: what stands before it hides it from the kernel`,
      "#! must be the very first bytes of the file",
    );
  if (!interpreter && startedBy === "shell") return [];
  if (!interpreter) return bad("has no #! line, so the kernel cannot start it", "begin it with #!/bin/sh");
  if (interpreter.path.endsWith("\r") || /^#![^\n]*\r/.test(text))
    return bad(
      "has Windows line endings: its interpreter is looked for under a name that ends in a return",
      "save it with Unix line endings",
    );
  if (await root.entry(interpreter.path)) return [];
  return bad(
    `wants ${interpreter.path}, which is not in the image`,
    "install it, or name another interpreter",
  );
}

const shells = { sh: "sh", dash: "sh", bash: "bash", ash: "sh" } as const;

async function syntaxOf({ path, text }: Script, look: Look): Promise<readonly Complaint[]> {
  const name = interpreterOf(text)?.name ?? "sh";
  if (!Object.hasOwn(shells, name)) return [];
  const complaint = await look.syntax(shells[name as keyof typeof shells], text); // just looked up
  if (complaint === undefined) return [];
  return [
    {
      severity: "error",
      path,
      text: `has a syntax error: ${complaint}`,
      hint: "run it through `sh -n` (or `bash -n`) until it is silent",
    },
  ];
}

/** rc.local is run only where it is executable, and only as far as its first `exit`. */
export const rcLocal: Rule = {
  name: "rc-local",
  check: async ({ root }) => {
    const path = "/etc/rc.local";
    const text = await root.text(path);
    if (text === undefined) return [];
    const lines = text.split("\n").map((line) => line.trim());
    const exit = lines.findIndex((line) => /^exit\b/.test(line));
    const after =
      exit < 0 ? undefined : lines.slice(exit + 1).find((line) => line !== "" && !line.startsWith("#"));
    if (after === undefined) return [];
    const what = `leaves at line ${exit + 1}, before ${JSON.stringify(after.slice(0, 60))}`;
    return [
      { severity: "error", path, text: what, hint: "put the lines before the exit; better, write a unit" },
    ];
  },
};

/** PEP 668: since Debian 12 and Ubuntu 23.04 the system's Python refuses pip outside of a virtual environment. */
export const pipCalls: Rule = {
  name: "pip",
  check: async (look) => {
    const managed = await externallyManaged(look);
    if (!managed) return [];
    return each(await scripts(look), ({ path, text }) => {
      const line = text
        .split("\n")
        .find((one) => /^\s*(sudo\s+)?(pip3?|python3?\s+-m\s+pip)\s+install\b/.test(one));
      if (
        line === undefined ||
        /--break-system-packages|--target|--user\b/.test(line) ||
        /\bvenv\b/.test(text)
      )
        return [];
      const what = `calls \`${line.trim().slice(0, 60)}\`, which the system's Python refuses (PEP 668)`;
      return [
        {
          severity: "error",
          path,
          text: what,
          hint: "make a virtual environment first: python3 -m venv, and use its pip",
        },
      ];
    });
  },
};

async function externallyManaged({ root, facts }: Look): Promise<boolean> {
  const pythons = (await root.names("/usr/lib")).filter((name) => /^python3\.\d+$/.test(name));
  for (const python of pythons) if (await root.entry(`/usr/lib/${python}/EXTERNALLY-MANAGED`)) return true;
  const version = Number(facts.version);
  return facts.id === "ubuntu"
    ? version >= 23.04
    : ["debian", "raspbian"].includes(facts.id) && version >= 12;
}
