import { PassThrough, type Readable, type Writable } from "node:stream";
import type Dockerode from "dockerode";
import tar from "tar-fs";
import { TpiError } from "../core/fault.ts";
import { asks, docker, isMissing } from "./docker.ts";
import { ownLabels, removed, sweep } from "./owner.ts";

/** What may be said of the container. */
export interface ToolboxOptions {
  /** An image of your own: any Linux with Node 18, mount, losetup and unshare. */
  readonly image?: string;
  /** A Docker network: `host`, `none`, or the name of one; commands in the image fetch packages through it. */
  readonly network?: string;
  /** Folders of the engine's machine to be seen inside: `/srv/cache:/var/cache:ro`. */
  readonly mounts?: readonly string[];
  /** The environment of the agent, `NAME=value`; proxies are passed on to commands in the image. */
  readonly env?: readonly string[];
  /** Further options of the engine's own, laid over ours. */
  readonly host?: Dockerode.HostConfig;
}

/** A program in a container of its own. */
export interface Started extends AsyncDisposable {
  readonly input: Writable;
  readonly output: Readable;
  /** How it ended, in words with its last complaint, once it has. */
  readonly ended: Promise<string>;
}

/** What to start: `words` are a command line in which `/tpi` is the folder `files`, and `/work` is empty. */
export interface Start {
  readonly image: string;
  readonly files: string;
  readonly words: readonly string[];
  readonly options: ToolboxOptions;
  readonly signal: AbortSignal;
}

/**
 * Starts a container that ends with its standard input, and so with this process, and removes itself then; disposing
 * removes it in any case. Containers of dead runs are removed first. `TOOLBOX_MISSING`, `TOOLBOX_UNREACHABLE` or
 * `TOOLBOX_FAILED`.
 */
export async function startContainer(start: Start): Promise<Started> {
  const engine = await docker();
  await asks("list its containers", () => sweep(engine));
  const wish = await wanted(start);
  const container = await asks("make a container", () =>
    engine.createContainer({ ...wish, abortSignal: start.signal }).catch((error: unknown) => {
      throw isMissing(error) ? new TpiError("TOOLBOX_MISSING", { image: start.image }) : error;
    }),
  );
  try {
    return await asks("start the toolbox", () => started(container, start));
  } catch (error) {
    await removed(container);
    throw error;
  }
}

/** Mounts and loop devices, and the rights that packages need to be unpacked and set up; no more, and not privileged. */
async function wanted({ image, words, options }: Start): Promise<Dockerode.ContainerCreateOptions> {
  return {
    Image: image,
    Cmd: [...words],
    Labels: await ownLabels(),
    Env: [...(options.env ?? [])],
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      AutoRemove: true,
      LogConfig: { Type: "none", Config: {} }, // all that it prints is disk content for us
      CapDrop: ["ALL"],
      CapAdd: [...capabilities],
      SecurityOpt: ["apparmor=unconfined"], // Docker's own profile forbids every mount
      DeviceCgroupRules: ["b 7:* rwm"],
      Devices: [loopControl],
      Mounts: [{ Type: "volume", Source: "", Target: "/work" }],
      Binds: [...(options.mounts ?? [])],
      ...(options.network ? { NetworkMode: options.network } : {}),
      ...options.host,
    },
  };
}

const loopControl = {
  PathOnHost: "/dev/loop-control",
  PathInContainer: "/dev/loop-control",
  CgroupPermissions: "rw",
};

const capabilities = [
  ...["SYS_ADMIN", "SYS_CHROOT", "MKNOD"],
  ...["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETFCAP", "SETGID", "SETUID", "KILL"],
] as const;

async function started(container: Dockerode.Container, start: Start): Promise<Started> {
  await container.putArchive(archive(start.files), { path: "/" });
  const wires = await container.attach({
    stream: true,
    stdin: true,
    stdout: true,
    stderr: true,
    hijack: true,
  });
  const [output, errors] = [new PassThrough(), new PassThrough()];
  container.modem.demuxStream(wires, output, errors);
  wires.once("close", () => [output, errors].forEach((stream) => void stream.end()));
  wires.on("error", () => [output, errors].forEach((stream) => void stream.end()));
  let complaint = "";
  errors.setEncoding("utf8").on("data", (text: string) => (complaint = `${complaint}${text}`.slice(-2000)));
  const exit = container.wait({ condition: "next-exit" }); // asked before the start, so as not to miss it
  const ended = exit.then(
    ({ StatusCode }: { StatusCode: number }) =>
      complaint.trim() || `its container ended with code ${StatusCode}`,
    (error: Error) => complaint.trim() || error.message,
  );
  await container.start();
  return {
    input: wires as unknown as Writable, // attached with stdin: a duplex, whatever its declared type
    output,
    ended,
    [Symbol.asyncDispose]: () => removed(container),
  };
}

/** The files of a folder, to be unpacked at the root of a container as `/tpi`. */
const archive = (folder: string) =>
  tar.pack(folder, { map: (header) => ({ ...header, name: `tpi/${header.name}`, uid: 0, gid: 0 }) });
