import type { Rule } from "./look.ts";

/** The time zone is a link: one that leads nowhere is UTC, and so is one that only the machine that made it could follow. */
export const timezone: Rule = {
  name: "timezone",
  check: async ({ root }) => {
    const path = "/etc/localtime";
    const target = await root.link(path);
    const told = (await root.text("/etc/timezone"))?.trim();
    const zone = /zoneinfo\/(.+)$/.exec(target ?? "")?.[1];
    const zones = (await root.names("/usr/share/zoneinfo")).length > 0;
    const hint = "say .timezone(), or install tzdata";
    if (target !== undefined && !(await root.entry(path)) && (zones || zone === undefined))
      return [
        {
          severity: "error",
          path,
          text: `points to ${target}, which is not in the image: the time is UTC`,
          hint,
        },
      ];
    if (zone === undefined || !told || told === zone || /^Etc\/|^UTC$/.test(zone)) return [];
    const text = `is ${zone}, and /etc/timezone says ${told}`;
    return [{ severity: "warning", path, text, hint: "let both say the same; .timezone() does" }];
  },
};
