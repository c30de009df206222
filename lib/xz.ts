export { xzCuts } from "./xz/cuts.ts";
export { type DecodeOptions, decodeXz } from "./xz/decode.ts";
export type { Check } from "./xz/format.ts";
export { openXz, type XzBlock, type XzFile } from "./xz/open.ts";
export { isZero } from "./xz/pack.ts";
export { type ReblockOptions, reblock } from "./xz/reblock.ts";
export { type XzSourceOptions, xzSource } from "./xz/source.ts";
export { type Spliced, type SpliceJob, splice } from "./xz/splice.ts";
export { xzVersion } from "./xz/tool.ts";
