import { createHash } from "node:crypto";
import type { Tree } from "../../lib/disk.ts";
import { noise } from "../disk/tools.ts";

/** Every file of a volume by its path, with the sha256 of its content; a folder has none. */
export type Listing = Readonly<Record<string, string>>;

/** A folder for each line of a shell listing that {@link listingWords} made; sorted by path. */
export function parsedListing(text: string): Listing {
  const found: [string, string][] = [];
  for (const line of text.split("\n")) {
    const file = /^([0-9a-f]{64}) {2}\.(\/.*)$/.exec(line);
    if (file) found.push([file[2] ?? "", file[1] ?? ""]);
    else if (line.startsWith("folder ./")) found.push([line.slice(8), "folder"]);
    else if (line !== "") throw new Error(`unexpected in a listing: ${line}`);
  }
  return sorted(found);
}

/** Shell words that list the current folder. */
export const listingWords =
  "find . -mindepth 1 -type d -printf 'folder %p\\n'; find . -type f -print0 | xargs -0r sha256sum";

/** The same listing by our own driver. */
export async function listingOf(tree: Tree, folder = ""): Promise<Listing> {
  const found: [string, string][] = [];
  for (const name of await tree.list(folder === "" ? "/" : folder)) {
    const at = `${folder}/${name}`;
    const { kind, size } = await tree.stat(at);
    if (kind === "folder") {
      found.push([at, "folder"], ...Object.entries(await listingOf(tree, at)));
      continue;
    }
    const bytes = await tree.read(at);
    if (bytes.length !== size) throw new Error(`${at} has ${bytes.length} bytes and claims ${size}`);
    found.push([at, digest(bytes)]);
  }
  return sorted(found);
}

const sorted = (found: readonly [string, string][]): Listing =>
  Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1)));

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Names that a FAT has its own ways with: aliases, NT's lower case, code pages, reserved devices, surrogates, lengths. */
const names = [
  ...["CMDLINE.TXT", "config.txt", "Mixed.Txt", "README", "a", "A.B.C.tar.gz", ".hidden"],
  ...["con", "NUL.txt", "aux", "com1.log", "UPPER.lower", "lower.UPPER", "+,;=[]", "sp ace.x y", " leading"],
  ...[
    "Über",
    "ÉCOLE.TXT",
    "straße.txt",
    "STRASSE.TXT",
    "日本語のファイル.txt",
    "Ελλάδα",
    "🥧 pi.txt",
    "a\u0301",
  ],
  ...["thirteen-long", "a-name-of-26-characters-xx", "x".repeat(255), "ü".repeat(127), "~1", "FOO~1.BAR"],
];

/** Edits a volume of at least 7 MiB in every way that our driver knows; gives what must be there afterwards. */
export async function editEverything(tree: Tree, entries: number): Promise<Listing> {
  const model = new Map<string, Uint8Array | "folder">();
  const deep = Array.from({ length: 24 }, (_, level) => `/Deep folder ${level}`).join("");
  const write = async (at: string, size: number) => {
    const bytes = noise(`${at} ${size}`, size);
    await tree.write(at, bytes);
    model.set(at, bytes);
  };
  const append = async (at: string, size: number) => {
    const bytes = noise(`more of ${at}`, size);
    await tree.append(at, bytes);
    model.set(at, Buffer.concat([Buffer.from(model.get(at) ?? ""), bytes]));
  };
  const remove = async (at: string) => {
    await tree.remove(at, { recursive: true });
    for (const known of model.keys()) if (known === at || known.startsWith(`${at}/`)) model.delete(known);
  };
  const mkdir = async (at: string) => {
    await tree.mkdir(at, { recursive: true });
    for (let one = at; one !== ""; one = one.slice(0, one.lastIndexOf("/"))) model.set(one, "folder");
  };
  await mkdir("/names");
  for (const [at, name] of names.entries()) await write(`/names/${name}`, at * 7);
  for (const size of [0, 1, 511, 512, 513, 2047, 2048, 4096, 65_537]) await write(`/size of ${size}`, size);
  await write("/large.bin", 3_000_001);
  await mkdir(deep);
  await write(`${deep}/at the bottom`, 900);
  await mkdir("/many");
  for (let at = 0; at < entries; at += 1) await write(`/many/device tree overlay ${at}.dtbo`, at % 40);
  for (let at = 0; at < entries; at += 3) await remove(`/many/device tree overlay ${at}.dtbo`);
  for (let at = 0; at < entries; at += 9) await write(`/many/${at}`, 33); // short, into the holes of long ones
  await write("/large.bin", 700_000); // shrinks
  await write("/grown.bin", 10);
  await write("/grown.bin", 1_200_000);
  for (const size of [0, 100, 412, 5000, 200_000]) await append("/appended", size);
  await append("/size of 0", 3);
  await write("/emptied", 5000);
  await write("/emptied", 0);
  await mkdir("/gone/deeper");
  await write("/gone/deeper/file", 5000);
  await remove("/gone");
  await write("/Case.txt", 10);
  await tree.write("/CASE.TXT", "the same file");
  model.set("/Case.txt", Buffer.from("the same file"));
  await mkdir("/was a file");
  await remove("/was a file");
  await write("/was a file", 40);
  return sorted([...model].map(([at, is]) => [at, is === "folder" ? is : digest(is)]));
}
