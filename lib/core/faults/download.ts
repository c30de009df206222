import type { Fault } from "../fault.ts";

/** Faults of fetching a base image, and of what it turns out to be packed as. */
export const downloadFaults = {
  DOWNLOAD_FAILED: {
    exit: "failed",
    message: (p: {
      url: string;
      why: string;
      /** Set where another try may go better; the milliseconds that the server wants us to wait first. */
      passing?: { readonly after: number };
    }) => `${p.url} could not be fetched: ${p.why}`,
    hint: (p: { passing?: object }) =>
      p.passing
        ? "run it again: what has arrived is kept and continued; a proxy is taken from HTTPS_PROXY and NO_PROXY, a mirror from TPI_MIRROR"
        : "check the address, and the mirror where TPI_MIRROR or tpi.yaml names one",
  },
  DOWNLOAD_SIZE: {
    exit: "refused",
    message: (p: { url: string; want: string; got: string }) => `${p.url} has ${p.got}, not ${p.want}`,
    hint: "its publisher changed it: give the size and digest of the new file, or name another version",
  },
  DOWNLOAD_UNSAFE: {
    exit: "refused",
    message: (p: { url: string }) =>
      `${p.url} would come without encryption and without a digest to check it by`,
    hint: "use https://, or give its digest: image({ url, sha256 }), or #sha256=… behind the address; a sha512 there is not read",
  },
  DOWNLOAD_UNLISTED: {
    exit: "refused",
    message: (p: { name: string; sums: string; found: string }) =>
      `${p.sums} lists no ${p.name} (it begins with ${JSON.stringify(p.found)})`,
    hint: "the publisher replaced the file by a newer one: name that version, or give url and sha256 yourself",
  },
  DOWNLOAD_NEEDED: {
    exit: "refused",
    message: (p: { url: string }) => `the digest of ${p.url} is known only once it has been downloaded`,
    hint: "pin it: image({ url, sha256 })",
  },
  CATALOGUE_LACKS: {
    exit: "usage",
    message: (p: { os: string; version: string; hardware: string; known: string }) =>
      `the catalogue has no ${p.os} ${p.version} for ${p.hardware} (it has ${p.known})`,
    hint: "name the image itself: image({ url, sha256 }), or a file",
  },
  PACKING_UNKNOWN: {
    exit: "refused",
    message: (p: { path: string; found: string }) => `${p.path} is ${p.found}, not a disk image`,
    hint: "disk images are read raw, and packed as .xz, .gz, .zst or .zip; unpack or convert it first (qemu-img convert -O raw …)",
  },
  PACKING_BROKEN: {
    exit: "refused",
    message: (p: { path: string; why: string }) => `${p.path} cannot be unpacked: ${p.why}`,
    hint: "fetch it again and compare its sha256 with the published one",
  },
} satisfies Record<string, Fault<never>>;
