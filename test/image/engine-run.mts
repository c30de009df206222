// Opens an image in an engine and runs a command in it, as a process of its own that tests can interrupt and kill.
// Words: the engine, the .img.xz, the command line, and options of the toolbox as JSON.
import { step } from "../../lib/core/step.ts";
import { mountEngine } from "../../lib/image/engines/mount.ts";
import { toolboxEngine } from "../../lib/image/engines/toolbox.ts";
import { openXz } from "../../lib/xz.ts";

const [name, file = "", command = "true", options = "{}"] = process.argv.slice(2);
const engine = name === "mount" ? mountEngine : toolboxEngine(JSON.parse(options));
const why = await engine.unfit(
  { commands: true, rootKind: "ext4", arch: undefined },
  new AbortController().signal,
);
if (why !== undefined) {
  process.stdout.write(`${why}\n`);
  process.exit(3);
}
await step({
  label: "run a command",
  subject: "image",
  moves: [{ kind: "image", subject: "image", text: command }],
  standIn: () => {},
  perform: (doing) =>
    doing.move("image", async () => {
      const base = await openXz(file);
      await using bench = await engine.open({ base, size: base.uncompressedSize, scope: doing });
      const root = bench.table.partitions.find(({ content }) => content.kind === "ext4");
      if (!root) throw new TypeError(`${file} has no ext4`);
      await bench.run(command, root);
      await bench.finish();
      process.stdout.write("finished\n");
    }),
});
