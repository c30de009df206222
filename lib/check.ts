export { inspected } from "./check/inspect.ts";
export type { Finding, Severity } from "./check/look.ts";
export { findings } from "./check/rules.ts";
