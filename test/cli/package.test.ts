import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { root } from "../core/script.ts";
import { place } from "./tpix.ts";

test("the kit works as a package of another project", async (t) => {
  const { folder, run } = await place(t);
  const modules = path.join(folder, "node_modules");
  await mkdir(path.join(modules, "tpi"), { recursive: true });
  await promisify(execFile)("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root });
  const [packed = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  const unpack = ["-xzf", path.join(folder, packed), "-C", path.join(modules, "tpi"), "--strip-components=1"];
  await promisify(execFile)("tar", unpack);
  for (const name of await readdir(path.join(root, "node_modules"))) {
    if (!name.startsWith(".")) await symlink(path.join(root, "node_modules", name), path.join(modules, name));
  }

  const program = path.join(modules, "tpi/bin/tpix");
  assert.equal((await run(["new", "rk1-ubuntu", "mine.mts"], { program }).ended).code, 0);
  await writeFile(
    path.join(folder, "recipe.mts"),
    'import { config, sh } from "tpi";\nconsole.log(await sh`echo from ${config().board.host}`.text());',
  );
  const { code, stdout, stderr } = await run(["run", "--board", "a-desk", "recipe.mts"], { program }).ended;
  assert.equal(stdout, "from a-desk\n", stderr);
  assert.equal(code, 0);
});
