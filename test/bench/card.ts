import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { bmcCache, type Content } from "../../lib/cache.ts";
import { guarded } from "../../lib/core/scope.ts";
import { closeAll, ssh } from "../../lib/ssh.ts";
import { desk } from "../bmc/desk.ts";
import { must, tempFolder } from "../disk/tools.ts";
import { sshd, unable } from "../ssh/sshd.ts";
import type { Row } from "./image.ts";
import { largeImage } from "./large-image.ts";
import { measured, paired } from "./measured.ts";

const nodes = ["node1", "node2", "node3", "node4"] as const;
/** Bytes a second of the controller's 100 Mbit/s. */
const link = 12_500_000;

/**
 * Four nodes' images of one base onto a virtual board's card over its 100 Mbit/s: as blocks, and as whole files; and
 * one large file to OpenSSH on loopback, by us and by scp.
 */
export async function cardBench(signal: AbortSignal): Promise<readonly Row[]> {
  await using home = await tempFolder();
  const images = await imagesIn(home.path, signal);
  await using own = await desk({ modules: 1, pace: { linkBytesPerSecond: link } });
  const folder = (keeping: string) => `/mnt/sdcard/${keeping}`;
  const run = async (keeping: "blocks" | "whole") => {
    const cache = bmcCache(own.bmc.ssh, { folder: folder(keeping), keeping });
    const began = performance.now();
    const bytes: number[] = [];
    for (const [at, image] of images.entries()) {
      signal.throwIfAborted();
      const before = await sizeBelow(path.join(own.board.root, folder(keeping)));
      await cache.put(`node${at + 1}`, image);
      bytes.push((await sizeBelow(path.join(own.board.root, folder(keeping)))) - before);
    }
    return { seconds: (performance.now() - began) / 1000, bytes };
  };
  const [blocks, whole] = [await run("blocks"), await run("whole")];
  const sum = (list: readonly number[]) => list.reduce((all, one) => all + one, 0) / 1e6;
  const others = sum(blocks.bytes.slice(1));
  const first = sum(blocks.bytes.slice(0, 1));
  const row = (name: string, two: Pick<Row, "ours" | "unit" | "aim"> & { usual: number }): Row => ({
    name,
    ...two,
    ratio: two.ours / two.usual,
  });
  const met = others / first < 0.03 ? "met" : "missed";
  return [
    row("four images onto the card", { ours: blocks.seconds, usual: whole.seconds, unit: "s", aim: "" }),
    row("four images onto the card", {
      ours: sum(blocks.bytes),
      usual: sum(whole.bytes),
      unit: "MB",
      aim: "",
    }),
    row("nodes 2 to 4 against node 1", { ours: others, usual: first, unit: "MB", aim: `under 3 %: ${met}` }),
    ...(unable ? [] : [await uploadRow(signal)]),
  ];
}

async function imagesIn(home: string, signal: AbortSignal): Promise<readonly Content[]> {
  const image = await largeImage(home, { disk: 1024, files: 350 });
  const base = path.join(home, "base.xz");
  const script = fileURLToPath(new URL("edit.ts", import.meta.url));
  const images: Content[] = [];
  for (const node of nodes) {
    const [file, note] = [path.join(home, `${node}.img.xz`), path.join(home, `${node}.json`)];
    const fresh = node === "node1" ? image : "";
    await measured(
      `${process.execPath} --import tsx ${script} ${base} ${file} ${node} ${fresh} > ${note}`,
      signal,
    );
    const { cuts } = z.object({ cuts: z.array(z.number()) }).parse(JSON.parse(await readFile(note, "utf8")));
    const hash = createHash("sha256");
    await pipeline(createReadStream(file), hash);
    const stream = () => createReadStream(file, { highWaterMark: 1 << 20 });
    const { size } = await stat(file);
    images.push({ name: path.basename(file), size, sha256: hash.digest("hex"), cuts, stream });
  }
  return images;
}

/** From memory to memory, as we wait for the bytes to be on the disk and scp does not. */
async function uploadRow(signal: AbortSignal): Promise<Row> {
  await using server = await sshd();
  await using home = await tempFolder("/dev/shm");
  const file = path.join(home.path, "random");
  await must("bash", "-c", `head -c 400000000 /dev/urandom > ${file}`);
  const flags = `-i ${server.folder}/id -P ${server.port} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes -q`;
  const far = ssh(server.target({ user: "root", keys: [`${server.folder}/id`] }));
  const put = async () => {
    const began = performance.now();
    await guarded(() => far.put(file, `${home.path}/ours`, { signal }));
    return (performance.now() - began) / 1000;
  };
  const scp = async () =>
    (await measured(`scp ${flags} ${file} root@127.0.0.1:${home.path}/theirs`, signal)).wallSeconds;
  const middle = await paired(9, { ours: put, usual: scp });
  closeAll();
  return {
    name: "400 MB to OpenSSH, and scp",
    ...middle,
    unit: "s",
    aim: `95 % of scp: ${1 / middle.ratio >= 0.95 ? "met" : "missed"}`,
  };
}

async function sizeBelow(folder: string): Promise<number> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = found.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
