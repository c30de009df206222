import type { Ask } from "../journal.ts";
import type { FlashSpec } from "./route.ts";

/** The steps of a flash, as the journal has them. */
export function stepsOf({ node }: FlashSpec, image: string): { readonly made: Ask; readonly written: Ask } {
  return {
    made: { node: node.label, step: "image", phase: "image_customization", digest: image },
    written: { node: node.label, step: "flash", phase: "os_installation", digest: image },
  };
}
