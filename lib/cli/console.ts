import { createInterface } from "node:readline/promises";
import { type Board, board } from "../board.ts";
import { TpiError } from "../core/fault.ts";
import { ambient, guarded } from "../core/scope.ts";
import type { Node } from "../node.ts";

/** Prints what a node's serial console shows, and sends it the lines that are typed, until Ctrl-C. `NODE_UNKNOWN`. */
export async function watchConsole(slot: string): Promise<void> {
  const node = nodeIn(board(), slot);
  await guarded(async () => {
    const { signal } = ambient();
    const typed = createInterface({ input: process.stdin, signal });
    typed.on("line", (line) => {
      node.console.write(line).then(undefined, (error: Error) => process.stderr.write(`${error.message}\n`));
    });
    try {
      for await (const piece of node.console.output(signal)) process.stdout.write(piece);
    } catch (error) {
      if (!signal.aborted) throw error; // otherwise it was ended as it is meant to be
    } finally {
      typed.close();
    }
  });
}

function nodeIn({ nodes }: Board, slot: string): Node {
  const found = nodes.find((node) => String(node.slot) === slot || node.name === slot);
  if (found) return found;
  throw new TpiError("NODE_UNKNOWN", { slot, known: nodes.map((node) => node.slot).join(", ") });
}
