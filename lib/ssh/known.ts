import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";

/** The fingerprint that `file` holds for an address, or `undefined` where it was never met. */
export async function known(file: string, address: string): Promise<string | undefined> {
  return (await lines(file)).find(([where]) => where === address)?.[1];
}

/** Records the fingerprint of an address in `file` (one line each, mode 0600), replacing an older one. */
export async function remember(file: string, entry: { address: string; fingerprint: string }): Promise<void> {
  await change(file, entry.address, [[entry.address, entry.fingerprint]]);
}

/** Takes an address out of `file`, for a machine that was just given a new system and so a new key. */
export async function forget(file: string, address: string): Promise<void> {
  await change(file, address, []);
}

const busy = new Map<string, Promise<void>>();

/** One change of a file at a time in this process: each reads what the one before has written. */
async function change(file: string, address: string, added: readonly Line[]): Promise<void> {
  const before = busy.get(file) ?? Promise.resolve();
  const own = before.then(async () => {
    const rest = (await lines(file)).filter(([where]) => where !== address);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const text = [...rest, ...added].map(([where, print]) => `${where} ${print}\n`).join("");
    await writeFileAtomic(file, text, { mode: 0o600 });
  });
  busy.set(
    file,
    own.catch(() => undefined),
  );
  await own;
}

type Line = readonly [address: string, fingerprint: string];

async function lines(file: string): Promise<readonly Line[]> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return text.split("\n").flatMap((line): readonly Line[] => {
    const [address, fingerprint] = line.trim().split(/\s+/);
    return address && fingerprint && !address.startsWith("#") ? [[address, fingerprint]] : [];
  });
}
