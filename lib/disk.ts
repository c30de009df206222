export type { Altered, Reshaped } from "./disk/altered.ts";
export type { Content } from "./disk/content.ts";
export { ext4Times } from "./disk/ext4.ts";
export type { Format } from "./disk/format-tool.ts";
export type { LayoutChange, PartitionUse } from "./disk/layout.ts";
export {
  inOrder,
  type Listed,
  type Looking,
  listAll,
  type Run,
  type Unused,
  unusedOf,
} from "./disk/listing.ts";
export { type NewPartition, withMore } from "./disk/more-partitions.ts";
export { openTree, type TreeOptions } from "./disk/open.ts";
export { type Change, type Overlay, overlay, sha256Of } from "./disk/overlay.ts";
export { type Partition, type PartitionTable, partitions } from "./disk/partitions.ts";
export { reshape, type Shape } from "./disk/reshape.ts";
export { resized } from "./disk/resized.ts";
export { growRoot, shrinkRoot } from "./disk/root-size.ts";
export { bytesSource, fileSource, type Source } from "./disk/source.ts";
export { type Attributes, type Tree, treeOf } from "./disk/tree.ts";
export type { Entry, Volume } from "./disk/volume.ts";
export { type Zeroed, zeroFree } from "./disk/zero-free.ts";
