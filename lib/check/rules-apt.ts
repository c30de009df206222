import { each, type Rule, within } from "./look.ts";
import { readScripts } from "./script-read.ts";

const releases = [
  "buster",
  "bullseye",
  "bookworm",
  "trixie",
  "forky",
  "focal",
  "jammy",
  "noble",
  "questing",
  "resolute",
] as const;

/** Packages of another release than the image's, which an upgrade then mixes; also where a script writes the list. */
export const aptSources: Rule = {
  name: "apt-sources",
  check: async (look) => {
    const { root, facts } = look;
    const own =
      facts.codename ?? /^VERSION_CODENAME=(\w+)/m.exec((await root.text("/etc/os-release")) ?? "")?.[1];
    const files = [
      "/etc/apt/sources.list",
      ...(await within(root, "/etc/apt/sources.list.d", /\.(list|sources)$/)),
    ];
    const texts = await Promise.all(
      files.map(async (path) => ({
        path,
        lines: /^\s*(deb\b|Suites:)/,
        text: (await root.text(path)) ?? "",
      })),
    );
    const writing = (await readScripts(look)).map(({ path, text }) => ({
      path,
      lines: /\bdeb(-src)? .*https?:/,
      text,
    }));
    return each([...texts, ...writing], ({ path, lines: of, text }) => {
      const lines = text.split("\n").filter((line) => of.test(line) && !/^\s*#/.test(line));
      const words = lines.flatMap((line) => line.match(/[a-z]+/g) ?? []);
      const foreign = releases.find((release) => release !== own && words.includes(release));
      if (foreign === undefined || own === undefined || !releases.some((one) => one === own)) return [];
      return [
        {
          severity: "error",
          path,
          text: `takes packages from ${foreign}, and the image is ${own}`,
          hint: `say ${own}`,
        },
      ];
    });
  },
};
