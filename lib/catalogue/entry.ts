import { TpiError } from "../core/fault.ts";
import type { RemoteBase } from "../image.ts";

/** What an image is for; the compute modules of Raspberry Pi run what a Raspberry Pi runs. */
export type Hardware = "rk1" | "pi" | "cm4" | "cm5" | "jetson";

/** A published image, ready for `image()`; spread it to change a part: `{ ...ubuntu("24.04", "rk1"), sha256 }`. */
export interface Published extends RemoteBase {
  readonly title: string;
}

/** The images of one operating system, by version and by what they are for. */
export type Entries = Readonly<Record<string, { readonly [K in "rk1" | "pi" | "cloud"]?: Published }>>;

/** One entry; `CATALOGUE_LACKS` says what there is. */
export function found(wish: {
  readonly os: string;
  readonly entries: Entries;
  readonly version: string;
  readonly hardware: Hardware | "cloud";
}): Published {
  const { os, entries, version, hardware } = wish;
  const kind = hardware === "cm4" || hardware === "cm5" ? "pi" : hardware;
  const entry = kind === "jetson" ? undefined : entries[version]?.[kind];
  if (entry) return { ...entry, key: `baseimg:${os}:${version}:${kind}` };
  const known = Object.entries(entries).flatMap(([name, kinds]) =>
    Object.keys(kinds).map((one) => `${name} for ${one}`),
  );
  throw new TpiError("CATALOGUE_LACKS", { os, version, hardware, known: known.join(", ") });
}
