import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { TpiError } from "../core/fault.ts";
import { tool } from "../core/tool.ts";

/** An empty file system for a new partition. */
export interface Format {
  readonly kind: "ext4" | "fat32";
  /** At most 16 bytes for ext4; at most 11 signs, in upper case, for FAT32. */
  readonly label: string;
}

/** A file that becomes a file system as large as it is. */
export interface FormatJob extends Format {
  readonly file: string;
  /** How the partition is named in messages. */
  readonly where: string;
  /** What its identifiers follow from: the same words give the same bytes on any day. */
  readonly seed: string;
  readonly signal: AbortSignal;
}

/** The features that ext4 comes with in Debian 12, whatever this machine's mke2fs.conf says. */
const features = [
  "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file",
  "huge_file,dir_nlink,extra_isize,metadata_csum",
].join();

/** Makes the file system, without root: `FORMAT_FAILED` with what the tool says, `TOOL_MISSING` without it. */
export async function format(job: FormatJob): Promise<void> {
  const hash = createHash("sha256").update(job.seed).digest("hex");
  const uuid = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
  if (job.kind === "fat32") {
    return await ran(job, "mkfs.fat", [
      "-F",
      "32",
      "--invariant",
      "-i",
      hash.slice(0, 8),
      "-n",
      job.label,
      job.file,
    ]);
  }
  const shape = ["-t", "ext4", "-b", "4096", "-I", "256", "-i", "16384", "-m", "1", "-O", features];
  const extended = `hash_seed=${uuid},root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0`;
  await ran(job, "mke2fs", ["-q", "-F", ...shape, "-L", job.label, "-U", uuid, "-E", extended, job.file]);
}

async function ran(job: FormatJob, name: string, words: readonly string[]): Promise<void> {
  const program = await tool(name, "a partition with a file system");
  const fixed = { E2FSPROGS_FAKE_TIME: "315532800", MKE2FS_CONFIG: "/dev/null", LC_ALL: "C" }; // 1 January 1980
  await new Promise<void>((resolve, reject) => {
    const options = { env: { ...process.env, ...fixed }, signal: job.signal };
    execFile(program, [...words], options, (cause, stdout, stderr) => {
      if (!cause) return resolve();
      if (job.signal.aborted) return reject(job.signal.reason);
      const said = `${stdout}\n${stderr}`.trim().split("\n").slice(-5).join("; ");
      reject(new TpiError("FORMAT_FAILED", { where: job.where, tool: name, said }, { cause }));
    });
  });
}
