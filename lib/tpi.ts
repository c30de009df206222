import { tellIgnored } from "./core/ignored.ts";

export { base } from "./base.ts";
export type { Bmc, BmcImage, BmcOptions, Power, Slot, Transfer, TransferReport, Uart } from "./bmc.ts";
export { bmc } from "./bmc.ts";
export { type Board, board, cache, node } from "./board.ts";
export type {
  Bases,
  BmcCache,
  Cache,
  Cached,
  Facts,
  KeptFile,
  LocalCache,
  Metadata,
  Prune,
} from "./cache.ts";
export { armbian, catalogue, debian, type Hardware, type Published, raspios, ubuntu } from "./catalogue.ts";
export { type Config, type ConfigInput, config } from "./config.ts";
export { all } from "./core/all.ts";
export { type Command, cmd } from "./core/cmd.ts";
export { type Code, isFault, TpiError } from "./core/fault.ts";
export { Secret, secret } from "./core/secret.ts";
export { sh } from "./core/spawn.ts";
export type { Move, Step } from "./core/step.ts";
export { table } from "./core/table.ts";
export { type Duration, sizeText, timeText } from "./core/units.ts";
export { type Flash, type FlashReport, flash } from "./flash.ts";
export { type Built, type Image, image } from "./image.ts";
export type { Journal } from "./journal.ts";
export { computeModule, type ModuleKind, registerModule } from "./module.ts";
export type { Node, Ready } from "./node.ts";
export type { Nic } from "./os.ts";
export type { Output, Shell } from "./ssh.ts";
export { type Toolbox, toolbox } from "./toolbox.ts";
export { type Trial, type TrialReport, trial } from "./trial.ts";
export { virtual } from "./virtual.ts";

tellIgnored();
