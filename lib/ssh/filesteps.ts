import { type Step, step } from "../core/step.ts";
import { sizeText } from "../core/units.ts";
import type { Ssh } from "../ssh.ts";

interface Place {
  readonly far: () => Ssh;
  readonly label: string;
}

/** A file sent to a machine; the mode is 0644 unless said otherwise. */
export function putStep(
  put: Place & { readonly from: string | Uint8Array; readonly to: string; readonly mode?: number },
): Step<void> {
  const { far, label, from, to, mode = 0o644 } = put;
  const what = typeof from === "string" ? from : sizeText(from.length);
  return step({
    label: `put ${to} on ${label}`,
    subject: label,
    moves: [
      { kind: "put", subject: label, text: `${what} -> ${to}, mode ${mode.toString(8).padStart(4, "0")}` },
    ],
    depends: { from },
    standIn: () => undefined,
    perform: (doing) => doing.move("put", () => far().put(from, to, { signal: doing.signal, mode })),
  });
}

/** A file read from a machine. */
export function getStep({ far, label, from }: Place & { readonly from: string }): Step<Buffer> {
  return step({
    label: `get ${from} of ${label}`,
    subject: label,
    moves: [{ kind: "get", subject: label, text: from }],
    standIn: () => Buffer.alloc(0),
    perform: (doing) => doing.move("get", () => far().get(from, { signal: doing.signal })),
  });
}
