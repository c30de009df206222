import { sizeText } from "../core/units.ts";
import type { Complaint, Rule } from "./look.ts";

const little = 64 << 20;

/** Room to boot in: logs, host keys and caches are written before a file system has grown. */
export const freeSpace: Rule = {
  name: "free-space",
  check: async ({ volumes }) =>
    volumes.flatMap(({ isRoot, free, size, label, uuid }): readonly Complaint[] => {
      if (!isRoot || free === undefined || free >= Math.min(little, size / 20)) return [];
      const text = `has ${sizeText(free)} free of ${sizeText(size)}`;
      return [
        {
          severity: "warning",
          path: label || uuid,
          text,
          hint: "grow the image with .size(), or write less into it",
        },
      ];
    }),
};

/** A file system that was copied while it was mounted: what was not yet written is missing, and nothing edits it. */
export const unclean: Rule = {
  name: "unclean",
  check: async ({ volumes }) =>
    volumes.flatMap(({ unclean: why, label, uuid }): readonly Complaint[] =>
      why === undefined
        ? []
        : [
            {
              severity: "error",
              path: label || uuid,
              text: `was not unmounted before the image was made: ${why}`,
              hint: "make the image again after `umount`; e2fsck -fy or fsck.fat -a repairs a copy",
            },
          ],
    ),
};
