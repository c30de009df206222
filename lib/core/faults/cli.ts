import type { Fault } from "../fault.ts";

/** Faults of the words of `tpix`. */
export const cliFaults = {
  PLAN_UNKNOWN: {
    exit: "usage",
    message: (p: { said: string; known: string }) =>
      `"${p.said}" is no way to ask for a plan: ${p.known} are`,
    hint: "mend the word; one that is the recipe's own stands behind --",
  },
  OPTION_VALUE: {
    exit: "usage",
    message: (p: { option: string; found: string }) => `${p.option} needs a value, and ${p.found}`,
    hint: (p: { option: string }) => `write ${p.option} VALUE, or ${p.option}=VALUE`,
  },
  RECIPE_NAME: {
    exit: "usage",
    message: (p: { file: string }) => `a recipe ends with .mts, and ${p.file} does not`,
    hint: "give it that ending: by it TypeScript is told from other text, and a module from a script",
  },
  KIT_MISSING: {
    exit: "refused",
    message: (p: { recipe: string; folder: string; kit: string }) =>
      `${p.recipe} imports "tpi", which is not installed in ${p.folder}`,
    hint: (p: { folder: string; kit: string }) => `install it: (cd ${p.folder} && npm install ${p.kit} tsx)`,
  },
  TEMPLATE_UNKNOWN: {
    exit: "usage",
    message: (p: { name: string; near: string; known: string }) =>
      `there is no template "${p.name}"; nearest is "${p.near}"`,
    hint: (p: { known: string }) => `take one of: ${p.known}`,
  },
  FILE_EXISTS: {
    exit: "refused",
    message: (p: { path: string }) => `${p.path} is there already, and would be overwritten`,
    hint: "choose another name, or remove it first",
  },
} satisfies Record<string, Fault<never>>;
