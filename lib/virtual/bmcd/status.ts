/** Where the one transfer slot stands. */
export type State =
  | { readonly kind: "ready" }
  | {
      readonly kind: "transferring";
      readonly id: number;
      readonly process: string;
      readonly size: number;
      readonly written: number;
    }
  | { readonly kind: "done"; readonly ms: number; readonly size: number }
  | { readonly kind: "error"; readonly text: string };

/** The body of a status reply, key for key as the daemon writes it. */
export function statusText(state: State): string {
  switch (state.kind) {
    case "ready":
      return JSON.stringify("Ready");
    case "transferring": {
      const { id, process: process_name, size, written: bytes_written } = state;
      return JSON.stringify({ Transferring: { id, process_name, size, cancelled: false, bytes_written } });
    }
    case "done": {
      const nanos = Math.round((state.ms % 1000) * 1_000_000);
      return JSON.stringify({ Done: [{ secs: Math.floor(state.ms / 1000), nanos }, state.size] });
    }
    case "error":
      return JSON.stringify({ Error: state.text });
  }
}

/** The name of a state in the daemon's messages. */
export const stateName = (state: State): string =>
  ({ ready: "Ready", transferring: "Transferring", done: "Done", error: "Error" })[state.kind];
