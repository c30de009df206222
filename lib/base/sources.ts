import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { TpiError } from "../core/fault.ts";

/** What this machine's distribution is, and where it gets its own packages. */
export interface Distribution {
  readonly id: "debian" | "ubuntu";
  readonly suite: string;
  /** apt sources in deb822 form, one stanza after another: the distribution's own, nobody else's. */
  readonly sources: string;
}

const suffixes = ["", "-updates", "-security"];

/** The distribution of this machine from /etc/os-release and its apt sources. `BASE_HOST_UNFIT` where it has none. */
export async function distribution(etc = "/etc"): Promise<Distribution> {
  const release = await readFile(path.join(etc, "os-release"), "utf8").catch(() => "");
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)"?$`, "m").exec(release)?.[1] ?? "";
  const [id, suite] = [value("ID"), value("VERSION_CODENAME")];
  const host = value("PRETTY_NAME") || process.platform;
  if (id !== "debian" && id !== "ubuntu")
    throw new TpiError("BASE_HOST_UNFIT", { host, why: "it is not Debian or Ubuntu" });
  const texts = await Promise.all(
    (await sourceFiles(etc)).map((file) => readFile(file, "utf8").then((text) => ({ file, text }))),
  );
  const stanzas = texts.flatMap(({ file, text }) =>
    ownSources(text, { suite, form: file.endsWith(".sources") ? "deb822" : "line" }),
  );
  if (stanzas.length === 0)
    throw new TpiError("BASE_HOST_UNFIT", { host, why: `its apt sources name no mirror of ${suite}` });
  return { id, suite, sources: stanzas.join("\n\n") };
}

async function sourceFiles(etc: string): Promise<readonly string[]> {
  const folder = path.join(etc, "apt/sources.list.d");
  const names = await readdir(folder).catch(() => []);
  const parts = names.filter((name) => /\.(list|sources)$/.test(name)).toSorted();
  const main = path.join(etc, "apt/sources.list");
  const all = [main, ...parts.map((name) => path.join(folder, name))];
  const there = await Promise.all(
    all.map((file) =>
      readFile(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return all.filter((_, at) => there[at]);
}

/** The entries of an apt source file that belong to `suite` itself and have the component `main`, as deb822 stanzas. */
export function ownSources(text: string, of: { suite: string; form: "deb822" | "line" }): readonly string[] {
  const fields = of.form === "line" ? lines(text) : stanzas(text);
  return fields.flatMap((entry) => {
    const words = (key: string) => (entry.get(key) ?? "").split(/\s+/).filter(Boolean);
    const suites = words("suites").filter((suite) => suffixes.some((suffix) => suite === of.suite + suffix));
    const off = /^(no|false|0)$/i.test(entry.get("enabled") ?? "") || !words("types").includes("deb");
    if (off || suites.length === 0 || !words("components").includes("main")) return [];
    const key = entry.get("signed-by");
    const signed = key ? [`Signed-By: ${key}`] : [];
    return [
      [
        "Types: deb",
        `URIs: ${entry.get("uris")}`,
        `Suites: ${suites.join(" ")}`,
        `Components: ${entry.get("components")}`,
        ...signed,
      ].join("\n"),
    ];
  });
}

function stanzas(text: string): readonly Map<string, string>[] {
  const bare = text.replaceAll(/^#.*\n?/gm, "");
  return bare.split(/\n\s*\n/).map((stanza) => {
    const unfolded = [...stanza.matchAll(/^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)];
    return new Map(unfolded.map(([, key = "", value = ""]) => [key.toLowerCase(), value.trim()]));
  });
}

function lines(text: string): readonly Map<string, string>[] {
  const found = [...text.matchAll(/^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#\n]+)/gm)];
  return found.map(([, options = "", uris = "", suites = "", components = ""]) => {
    const signed = /signed-by=(\S+)/.exec(options)?.[1];
    const entries = [
      ["types", "deb"],
      ["uris", uris],
      ["suites", suites],
      ["components", components.trim()],
    ] as const;
    return new Map<string, string>(signed ? [...entries, ["signed-by", signed]] : entries);
  });
}
