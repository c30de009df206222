import type { Fault } from "../fault.ts";

const inside = (p: { path: string; where: string }) => `${p.path} in ${p.where}`;
/** Faults of disk images: what is inside them, and the compression around them. */
export const imageFaults = {
  TABLE_UNREADABLE: {
    exit: "refused",
    message: (p: { why: string; disk?: string }) =>
      `${p.disk ?? "the disk"} has no partition table that can be read: ${p.why}`,
    hint: "check that the file is a whole disk image, and that its download was complete",
  },
  PARTITION_UNCLEAN: {
    exit: "refused",
    message: (p: { where: string; why: string }) => `${p.where} was not cleanly unmounted: ${p.why}`,
    hint: "start from an unused image, or repair a copy with e2fsck -fy or fsck.fat -a",
  },
  PARTITION_UNSUPPORTED: {
    exit: "refused",
    message: (p: { where: string; what: string }) =>
      `${p.where} uses ${p.what}, which cannot be edited as files`,
    hint: "ext2, ext3, ext4 and FAT file systems can be edited in place; other ones need a mount",
  },
  PARTITION_DAMAGED: {
    exit: "failed",
    message: (p: { where: string; why: string }) => `${p.where} is damaged: ${p.why}`,
    hint: "nothing was saved; check the image with e2fsck -fn or fsck.fat -n, and fetch it again",
  },
  PARTITION_FULL: {
    exit: "failed",
    message: (p: { path: string; where: string }) => `no room for ${inside(p)}`,
    hint: "nothing was saved; write less, or start from an image with a larger file system",
  },
  PATH_MISSING: {
    exit: "refused",
    message: (p: { path: string; where: string }) => `there is no ${inside(p)}`,
    hint: "check the spelling; what need not be there is removed by remove(…, { ifPresent: true })",
  },
  PATH_EXISTS: {
    exit: "refused",
    message: (p: { path: string; where: string }) => `${inside(p)} exists already`,
    hint: "remove it first, or write to it instead",
  },
  PATH_UNFIT: {
    exit: "refused",
    message: (p: { path: string; where: string; is: string; not: string }) =>
      `${inside(p)} is ${p.is}, not ${p.not}`,
    hint: "list the folder above it to see what is there",
  },
  PATH_LOOPS: {
    exit: "refused",
    message: (p: { path: string; where: string }) => `${inside(p)} leads through more than 40 symbolic links`,
    hint: "follow it with readlink; a link of the chain points back to an earlier one",
  },
  TIME_UNFIT: {
    exit: "refused",
    message: (p: { path: string; where: string; time: string; first: string; last: string }) =>
      `${inside(p)} cannot have the time ${p.time}: its file system keeps ${p.first} to ${p.last}`,
    hint: "give a time within that range, or none: then it is the epoch of the image",
  },
  NOT_XZ: {
    exit: "refused",
    message: (p: { path: string }) => `${p.path} is not an xz file`,
    hint: "check the download: a page of HTML or an archive of another kind may stand in its place",
  },
  XZ_TRUNCATED: {
    exit: "refused",
    message: (p: { path: string; why: string }) => `${p.path} is cut short: ${p.why}`,
    hint: "fetch it again; the download stopped early",
  },
  XZ_CORRUPT: {
    exit: "refused",
    message: (p: { path: string; why: string }) => `${p.path} is corrupt: ${p.why}`,
    hint: "fetch it again and compare its sha256 with the published one",
  },
  XZ_UNSUPPORTED: {
    exit: "refused",
    message: (p: { path: string; what: string }) => `${p.path} uses ${p.what}, which is not supported here`,
    hint: "install a current xz (XZ Utils), or compress the image again with plain `xz`",
  },
  XZ_NOT_SEEKABLE: {
    exit: "refused",
    message: (p: { path: string; block: string; limit: string }) =>
      `${p.path} has a block of ${p.block}, and at most ${p.limit} can be read at random`,
    hint: "re-block it once: the cache does that on entry, with reblock()",
  },
  FILE_CHANGED: {
    exit: "failed",
    message: (p: { path: string }) => `${p.path} changed while it was in use`,
    hint: "run it again, and leave the file alone meanwhile",
  },
} satisfies Record<string, Fault<never>>;
