import type { Fault } from "../fault.ts";

/** Faults of what is kept under a user's key, here and on a board's card. */
export const cacheFaults = {
  CACHE_KEY: {
    exit: "usage",
    message: (p: { key: string; why: string }) => `${JSON.stringify(p.key)} cannot be a cache key: ${p.why}`,
    hint: "a key is a name of your own, such as k3s-cp-v3",
  },
  CACHE_MISSING: {
    exit: "refused",
    message: (p: { key: string; location: string }) => `${p.location} holds nothing under "${p.key}"`,
    hint: "`tpix cache ls` lists the keys that are there (with --on-bmc the board's, with --bases the kit's own files)",
  },
  CACHE_AMBIGUOUS: {
    exit: "usage",
    message: (p: { name: string; location: string; count: number }) =>
      `${p.count} files in ${p.location} begin with "${p.name}"`,
    hint: "write out as much of the name as `tpix cache ls --bases` shows",
  },
  CACHE_META: {
    exit: "refused",
    message: (p: { name: string; location: string; why: string }) =>
      `${p.name}.meta in ${p.location} cannot be read: ${p.why}`,
    hint: "`tpix cache verify --set-aside` moves it with its content to damaged/, where nothing is lost; the next run makes it anew",
  },
  CACHE_DAMAGED: {
    exit: "refused",
    message: (p: { key: string; location: string; why: string }) =>
      `"${p.key}" in ${p.location} is damaged: ${p.why}`,
    hint: "`tpix cache verify --set-aside` moves what is damaged to damaged/; put it again, or let the next run make it anew",
  },
  CACHE_READONLY: {
    exit: "refused",
    message: (p: { location: string; why: string }) => `${p.location} cannot be written: ${p.why}`,
    hint: "make it writable, or name another folder; what is in it can still be read",
  },
  CACHE_FULL: {
    exit: "refused",
    message: (p: { location: string; key: string; needed: string; free: string; prunable: string }) =>
      `${p.location} has ${p.free} free, and "${p.key}" needs ${p.needed}`,
    hint: (p: { prunable: string }) => `${p.prunable}; see what would go with \`tpix cache prune --dry-run\``,
  },
  CACHE_DRIFT: {
    exit: "refused",
    message: (p: { key: string; was: string; now: string }) =>
      `"${p.key}" was made from description ${p.was}, and the recipe's is ${p.now}`,
    hint: "give the image another key, make it anew with --force=image, or leave out .strict() to take the key's word",
  },
  CARD_MISSING: {
    exit: "refused",
    message: (p: { board: string; path: string }) =>
      `${p.board} has no card mounted for ${p.path}: its own flash would be written`,
    hint: "the board mounts a card only when it starts: put one in and reboot it, or name another folder",
  },
  CARD_FILE_LIMIT: {
    exit: "refused",
    message: (p: { location: string; size: string }) =>
      `${p.location} is on FAT32, which takes files of up to 4.3 GB, and the image has ${p.size}`,
    hint: "format the card as ext4 or exFAT, or flash without .viaCard(): that keeps nothing on the card",
  },
  CARD_TOOLS: {
    exit: "refused",
    message: (p: { board: string; lacks: string }) =>
      `${p.board} lacks what keeping an image takes: ${p.lacks}`,
    hint: "flash without .viaCard(): that keeps nothing on the card; or update the board's firmware",
  },
} satisfies Record<string, Fault<never>>;
