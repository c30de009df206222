import type { Edit } from "./edit.ts";
import type { FirstBootCommand, Identity } from "./identity.ts";
import type { Place, Present } from "./renderer.ts";
import { rootFile } from "./rootfile.ts";

const list = "/etc/locale.gen";

/** What {@link localeEdits} and {@link localeChores} depend on. */
export const localeReads: readonly Place[] = [{ path: list }];

/** The time zone as /etc/localtime and Debian's /etc/timezone have it; the link is relative, so it holds in a mount too. */
export const timezoneEdits = (timezone: string): readonly Edit[] => [
  { kind: "symlink", path: "/etc/localtime", target: `../usr/share/zoneinfo/${timezone}` },
  rootFile("/etc/timezone", `${timezone}\n`),
];

/** The default locale, and its line in the list of those to be generated. `LC_ALL` is not for files (locale(7)). */
export const localeEdits = (locale: string, { text }: Present): readonly Edit[] => [
  rootFile("/etc/default/locale", `LANG=${locale}\n`),
  ...(isBuiltIn(locale) ? [] : [rootFile(list, listed(text(list), locale))]),
];

/** What of the locale and the keyboard needs the running system: generating the one, compiling the other. */
export function localeChores({ locale, keyboard }: Identity): readonly FirstBootCommand[] {
  return [
    ...(locale && !isBuiltIn(locale) ? [{ name: "locale", run: "locale-gen" }] : []),
    ...(keyboard
      ? [{ name: "keyboard", run: "if command -v setupcon >/dev/null; then setupcon --save-only; fi" }]
      : []),
  ];
}

/** The package that generates locales, where the image has none: Debian's cloud images do not. */
export const localePackages = ({ locale }: Identity, { text }: Present): readonly string[] =>
  locale && !isBuiltIn(locale) && text(list) === "" ? ["locales"] : [];

const isBuiltIn = (locale: string): boolean => /^(C|POSIX|C\.UTF-?8)$/i.test(locale);

function listed(text: string, locale: string): string {
  const charset = /\.utf-?8/i.test(locale) ? "UTF-8" : (/\.([^@]+)/.exec(locale)?.[1] ?? "ISO-8859-1");
  const line = `${locale} ${charset}`;
  const lines = text === "" ? [] : text.replace(/\n*$/, "").split("\n");
  if (lines.some((one) => one.trim() === line)) return text;
  const at = lines.findIndex((one) => one.replace(/^\s*#\s*/, "").trim() === line);
  return `${(at < 0 ? [...lines, line] : lines.with(at, line)).join("\n")}\n`;
}
