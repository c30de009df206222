import { z } from "zod";

/** The version that is written. */
export const newest = 1;

/** A journal brought to the newest version, or why that cannot be done. */
export type Migrated =
  | { readonly kind: "journal"; readonly value: unknown }
  | { readonly kind: "newer"; readonly found: string }
  | { readonly kind: "foreign"; readonly why: string };

/** Brings parsed JSON to the newest version, one version after the other. */
export function migrated(value: unknown): Migrated {
  let version = versionOf(value);
  if (version === undefined) return { kind: "foreign", why: "it is no journal" };
  if (version > newest) return { kind: "newer", found: String(version) };
  let current = value;
  for (; version < newest; version += 1) {
    const next = migrations[version]?.(current);
    if (next === undefined) return { kind: "foreign", why: `it does not read as version ${version}` };
    current = next;
  }
  return { kind: "journal", value: current };
}

function versionOf(value: unknown): number | undefined {
  const told = z.object({ version: z.int().positive() }).safeParse(value);
  if (told.success) return told.data.version;
  return Version0.safeParse(value).success ? 0 : undefined;
}

const status = z.enum(["pending", "running", "failed", "completed"]);
const Phase0 = z.object({
  status,
  timestamp: z.iso.datetime({ offset: true }),
  input_hash: z.string().default(""),
  output_image_path: z.string().optional(),
});

/** `tpi_state.json` of the Go toolkit: nodes by `Node1` to `Node4`, each with up to three phases. */
const Version0 = z.record(
  z.string().regex(/^Node\d$/),
  z.strictObject({
    image_customization: Phase0.optional(),
    os_installation: Phase0.optional(),
    post_installation: Phase0.optional(),
  }),
);

/** From version n to n + 1; undefined for what is not of version n. */
const migrations: readonly ((old: unknown) => unknown)[] = [
  (old) => {
    const read = Version0.safeParse(old);
    if (!read.success) return undefined;
    const nodes = Object.entries(read.data).map(([node, steps]) => {
      const entries = Object.entries(steps).flatMap(([phase, was]) =>
        was ? [[phase, fromPhase(phase, was)] as const] : [],
      );
      return [node.toLowerCase(), Object.fromEntries(entries)] as const;
    });
    return { version: 1, nodes: Object.fromEntries(nodes) };
  },
];

/** Its one time is of the last change: the end of what has ended, the start of what runs. */
function fromPhase(phase: string, was: z.infer<typeof Phase0>): unknown {
  const time = new Date(was.timestamp).toISOString();
  const times = {
    pending: {},
    running: { started: time },
    failed: { ended: time },
    completed: { ended: time },
  }[was.status];
  const outputs = was.output_image_path === undefined ? {} : { image: was.output_image_path };
  return { phase, status: was.status, digest: was.input_hash, ...times, outputs };
}
