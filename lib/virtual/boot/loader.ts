/** What a boot loader's configuration says to start; paths are within the partition that it was found on. */
export interface Entry {
  readonly kernel: string;
  readonly initrd: string | undefined;
  /** The kernel's command line. */
  readonly append: string;
}

/** The default entry of an extlinux.conf, as U-Boot's "distro boot" reads it; undefined where it names no kernel. */
export function extlinux(text: string): Entry | undefined {
  const rows = text.split("\n").map((line) => /^\s*([a-z_]+)\s+(.*?)\s*$/i.exec(line));
  const pairs = rows.flatMap((row) =>
    row ? [{ key: (row[1] ?? "").toLowerCase(), value: row[2] ?? "" }] : [],
  );
  const wanted = pairs.find(({ key }) => key === "default")?.value;
  const starts = pairs.flatMap(({ key }, at) => (key === "label" ? [at] : []));
  const blocks = starts.map((start, at) => pairs.slice(start, starts[at + 1]));
  const block = blocks.find(([label]) => label?.value === wanted) ?? blocks[0] ?? [];
  const value = (...keys: readonly string[]) => block.find(({ key }) => keys.includes(key))?.value;
  const kernel = value("linux", "kernel");
  if (!kernel) return undefined;
  // "append -" takes away a command line that was set for all entries
  const append =
    value("append") ?? pairs.slice(0, starts[0]).find(({ key }) => key === "append")?.value ?? "";
  return { kernel: rooted(kernel), initrd: optional(value("initrd")), append: append === "-" ? "" : append };
}

/** The first entry of a grub.cfg that starts Linux, which is the default one unless somebody chose another. */
export function grub(text: string): Entry | undefined {
  const linux = /^\s*linux(?:efi)?\s+(\S+)[ \t]*(.*)$/m.exec(text);
  if (!linux?.[1]) return undefined;
  const rest = text.slice(linux.index + linux[0].length);
  const block = rest.slice(0, Math.max(rest.indexOf("}"), 0) || undefined);
  return {
    kernel: rooted(linux[1]),
    initrd: optional(/^\s*initrd(?:efi)?\s+(\S+)/m.exec(block)?.[1]),
    append: (linux[2] ?? "").replaceAll(/\$\{?\w+\}?/g, "").trim(),
  };
}

const rooted = (path: string) => (path.startsWith("/") ? path : `/${path}`);
const optional = (path: string | undefined) => (path === undefined ? undefined : rooted(path));
