import type { BootSettings } from "./identity.ts";

/** Words for a kernel command line and words to take from it; one that ends in `=` takes every value of that key. */
export type CmdlineWords = NonNullable<BootSettings["cmdline"]>;

/** Adds words that are not there yet to the end of a command line, and takes others out; the rest keeps its order. */
export function cmdlineWith(line: string, { add = [], remove = [] }: CmdlineWords): string {
  const taken = (word: string) =>
    remove.some((one) => (one.endsWith("=") ? word.startsWith(one) : word === one));
  const kept = words(line).filter((word) => !taken(word));
  return [...kept, ...[...new Set(add)].filter((word) => !kept.includes(word))].join(" ");
}

/** The Raspberry Pi's cmdline.txt: its firmware reads the first line only, so that is the one that changes. */
export function cmdlineTxtWith(text: string, wish: CmdlineWords): string {
  const [first = "", ...rest] = text.replace(/\r?\n$/, "").split(/\r?\n/);
  return `${[cmdlineWith(first, wish), ...rest].join("\n")}\n`;
}

/** Every `append` line of an extlinux.conf (U-Boot's doc/README.distro), so that a rescue entry is changed too. */
export const extlinuxWith = (text: string, wish: CmdlineWords): string =>
  text.replace(
    /^([ \t]*append[ \t]+)(.*)$/gim,
    (_, key: string, line: string) => key + cmdlineWith(line, wish),
  );

/** Device tree overlays of an extlinux.conf, by path on its own file system, for every entry that names a kernel. */
export function extlinuxOverlays(text: string, overlays: readonly string[]): string {
  const entries = text.split(/^(?=[ \t]*label[ \t])/im);
  return entries.map((entry) => (/^[ \t]*linux[ \t]/im.test(entry) ? laid(entry, overlays) : entry)).join("");
}

function laid(entry: string, overlays: readonly string[]): string {
  const present = /^([ \t]*fdtoverlays[ \t]+)(.*)$/im;
  if (present.test(entry))
    return entry.replace(
      present,
      (_, key: string, line: string) => key + cmdlineWith(line, { add: overlays }),
    );
  return entry.replace(
    /^([ \t]*)linux([ \t]).*$/im,
    (line, indent: string, gap: string) => `${line}\n${indent}fdtoverlays${gap}${overlays.join(" ")}`,
  );
}

/** A line `KEY=value` of a boot environment (armbianEnv.txt, ubuntuEnv.txt), as `uEnv` files have it: words, no quotes. */
export const envLineWith = (text: string, key: string, wish: CmdlineWords): string =>
  lineWith(text, key, (value) => cmdlineWith(value, wish));

/** A line `KEY="value"` of a file that a shell reads, such as /etc/default/u-boot. */
export const quotedLineWith = (text: string, key: string, wish: CmdlineWords): string =>
  lineWith(text, key, (value) => `"${cmdlineWith(value.replace(/^"(.*)"$/, "$1"), wish)}"`);

function lineWith(text: string, key: string, change: (value: string) => string): string {
  const present = new RegExp(`^${key}=(.*)$`, "m");
  if (present.test(text))
    return text.replace(present, (_, value: string) => `${key}=${change(value.trim())}`);
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${key}=${change("")}\n`;
}

/** The `linux` lines of a grub.cfg, whose first word is the kernel. */
export const grubWith = (text: string, wish: CmdlineWords): string =>
  text.replace(
    /^(\s*linux\s+\S+[ \t]+)(.*)$/gm,
    (_, kernel: string, line: string) => kernel + cmdlineWith(line, wish),
  );

/** The words of a command line; a quoted stretch with blanks in it belongs to its word, as the kernel has it. */
const words = (line: string): readonly string[] => line.match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
