import { access, constants, stat } from "node:fs/promises";
import path from "node:path";
import { TpiError } from "./fault.ts";

/** Refuses with `TARGET_UNWRITABLE` where a file cannot come to stand at a path. Folders that are missing are no hindrance. */
export async function mustTakeFile(file: string): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  if (there?.isDirectory()) throw unwritable(file, "it is a folder");
  await mustTake(path.dirname(path.resolve(file)), file);
}

/** Refuses with `TARGET_UNWRITABLE` where files cannot come to stand in a folder, which need not be there yet. */
export const mustTakeFiles = async (folder: string): Promise<void> =>
  await mustTake(path.resolve(folder), folder);

/** Looks at a folder, or at the nearest above it that is there; `target` is what the user called it. */
async function mustTake(folder: string, target: string): Promise<void> {
  try {
    const there = await stat(folder);
    if (!there.isDirectory()) throw unwritable(target, `${folder} is a file`);
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" && folder !== path.dirname(folder))
      return await mustTake(path.dirname(folder), target);
    const why = reasons[String(code)]?.(folder);
    throw why === undefined ? error : unwritable(target, why);
  }
}

const reasons: Readonly<Record<string, (folder: string) => string>> = {
  EACCES: (folder) => `you may not write into ${folder}`,
  EPERM: (folder) => `you may not write into ${folder}`,
  EROFS: (folder) => `${folder} is on a disk that is read-only`,
  ENOTDIR: (folder) => `a file stands in the way of ${folder}`,
};

const unwritable = (target: string, why: string) => new TpiError("TARGET_UNWRITABLE", { path: target, why });
