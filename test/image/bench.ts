import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ambient } from "../../lib/core/scope.ts";
import { Secret } from "../../lib/core/secret.ts";
import { type Image, image, type Tenant } from "../../lib/image.ts";
import { hostKeyOf } from "../../lib/os.ts";
import { type ImageFixture, must, rk1Image } from "../disk/fixture.ts";

/** A base image in a folder of its own, with users that files can be owned by. */
export interface Bench {
  readonly folder: string;
  readonly fixture: ImageFixture;
  /** The base, compressed in blocks. */
  readonly packed: string;
  /** The base with nothing said of it. */
  readonly base: Image;
  /** A file of the host with some content; its path. */
  file(name: string, content: string | Uint8Array): string;
  remove(): void;
}

/** Makes the bench; the kit's own files go into its folder too. */
export async function bench(): Promise<Bench> {
  const folder = mkdtempSync(path.join(tmpdir(), "tpi-image-test-"));
  process.env.TPI_HOME = path.join(folder, "home");
  const file = (name: string, content: string | Uint8Array) => {
    const at = path.join(folder, name);
    mkdirSync(path.dirname(at), { recursive: true });
    writeFileSync(at, content);
    return at;
  };
  file("more/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nops:x:1000:1001:Ops:/home/ops:/bin/bash\n");
  file("more/etc/group", "root:x:0:\nops:x:1001:\nvideo:x:44:ops\n");
  const fixture = await rk1Image(folder, { from: path.join(folder, "more") });
  await must("xz", "-k", "-T2", "-1", "--block-size=1MiB", fixture.path);
  const packed = `${fixture.path}.xz`;
  return {
    folder,
    fixture,
    packed,
    base: image(packed),
    file,
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** What debugfs says of the root of a saved image. */
export async function debugfs(disk: { path: string; start: number }, request: string): Promise<string> {
  const text = await must("debugfs", "-R", request, `${disk.path}?offset=${disk.start}`);
  return text.replace(/^debugfs [^\n]*\n/m, "");
}

/** Somebody to make an image for. */
export const tenant = (name: string): Tenant => ({
  label: "node2",
  slot: 2,
  hostname: name,
  nics: [
    { match: { name: "e*" }, addresses: ["10.9.8.7/24", "fd00::7/64"], gateways: [], dns: [], search: [] },
  ],
  hostKey: hostKeyOf(new Secret("seed of the tests"), name),
});

/** The id that an image would have. */
export const idOf = (one: Image): Promise<string> => one.identify(ambient().signal);
