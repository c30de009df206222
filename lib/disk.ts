export type { Content } from "./disk/content.ts";
export { openTree, type TreeOptions } from "./disk/open.ts";
export { type Change, type Overlay, overlay, sha256Of } from "./disk/overlay.ts";
export { type Partition, type PartitionTable, partitions } from "./disk/partitions.ts";
export { bytesSource, fileSource, type Source } from "./disk/source.ts";
export { type Attributes, type Tree, treeOf } from "./disk/tree.ts";
export type { Entry, Volume } from "./disk/volume.ts";
