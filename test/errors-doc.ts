import { exitCodes, type Fault, faults } from "../lib/core/fault.ts";

const preface = `# Errors
Every fault of the kit is a \`TpiError\` with a \`code\` to branch on (\`isFault(error, "TIMED_OUT")\`), typed \`details\`, a
\`hint\`, and the \`cause\` as it was. One that nobody catches is told in a few lines and ends the process with the exit
code of its kind; \`TPI_DEBUG=1\` adds the stack and the causes.

| exit code | kind | meaning |
|---|---|---|
| ${exitCodes.failed} | failed | something was begun and did not end well |
| ${exitCodes.usage} | usage | the call or the configuration is wrong; nothing was touched |
| ${exitCodes.refused} | refused | it was right to stop: nothing was touched, or nothing more |
| ${exitCodes.interrupted} | interrupted | Ctrl-C or SIGTERM; what was held was given back |

This page is written from \`lib/core/faults/\` by \`node --import tsx test/docs.mts --write\`.
`;

/** docs/errors.md: every fault with its message, hint and exit code, in the order of their codes. */
export function errorsText(): string {
  const rows = Object.entries<Fault>(faults).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${preface}${rows.map(([code, fault]) => section(code, fault)).join("")}`;
}

function section(code: string, { exit, message, hint }: Fault): string {
  const details = named("details") as never; // it answers to every name that a message asks for
  const said = message(details).replaceAll("`", "'");
  const advice = typeof hint === "string" ? hint : hint(details);
  return `\n## ${code}\n\`${said}\`\n\n${advice}\n\nexit code ${exitCodes[exit]} (${exit})\n`;
}

/** A value that stands for every detail: it reads as its own name in angle brackets, as text, as JSON and in lists. */
function named(name: string): object {
  const text = `<${name}>`;
  return new Proxy(() => undefined, {
    get: (_, key) => {
      if (key === Symbol.toPrimitive || key === "toString" || key === "toJSON" || key === "join")
        return () => text;
      if (key === "map") return (work: (item: object) => unknown) => [work(named("details"))];
      if (key === "length") return 1;
      return named(String(key));
    },
  });
}
