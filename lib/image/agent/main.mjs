// Plain JavaScript without dependencies, because it also runs in a container that holds nothing but Node and the tools
// of mounting. It does deeds on one raw disk, asked by frames on standard input, until that ends: then it stops what
// runs, unmounts, and ends too. So whoever started it need only let go, or die.
import { readFile } from "node:fs/promises";
import { rawDisk } from "./disk.mjs";
import { fileDeeds } from "./files.mjs";
import { framed, frames } from "./frames.mjs";
import { mounts } from "./mounts.mjs";
import { runner } from "./run.mjs";

const home = process.argv[2];
const send = (header, body) => process.stdout.write(framed(header, body));

const disk = rawDisk(`${home}/disk.img`);
const mounted = mounts({ raw: `${home}/disk.img`, home });
const commands = runner({ folderOf: mounted.folderOf, say: (line) => send(line) });
const deeds = {
  ...disk.deeds,
  ...mounted.deeds,
  ...fileDeeds(mounted.folderOf),
  ...commands.deeds,
  resolver: async () => ({ bytes: await readFile("/etc/resolv.conf").catch(() => Buffer.alloc(0)) }),
};

async function serve({ request, deed, details }, body) {
  try {
    const { value, bytes } = (await deeds[deed]({ ...details, request }, body)) ?? {};
    send({ request, value }, bytes);
  } catch (error) {
    send({ request, failed: { code: error.code, message: error.message } });
  }
}

process.stdout.on("error", () => {}); // nobody listens any more: standard input tells the same
process.on("SIGTERM", () => process.stdin.destroy());

const busy = new Set();
try {
  for await (const { header, body } of frames(process.stdin)) {
    const work = serve(header, body);
    busy.add(work);
    void work.finally(() => busy.delete(work));
  }
} catch (error) {
  if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error; // the end that SIGTERM asks for
} finally {
  await commands.stop();
  await Promise.all(busy);
  await mounted.unmountAll();
  await disk.close();
  process.exit();
}
