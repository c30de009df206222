/** Where a value was written: shown in faults, and what relative paths start from. */
export interface Origin {
  readonly at: string;
  readonly folder: string;
}

/** A configuration as it was written: every value remembers its origin, so that a merged one still knows it. */
export type Written = { readonly origin: Origin } & (
  | { readonly kind: "scalar"; readonly value: unknown; readonly source: string }
  | { readonly kind: "list"; readonly items: readonly Written[] }
  | { readonly kind: "map"; readonly entries: ReadonlyMap<string, Written> }
);

export type Path = readonly PropertyKey[];

/** The path as a person writes it: `nodes.1.address[0]`. */
export function pathText(path: Path): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return text.replace(/^\./, "") || "the file";
}

/** A value of the program in the same form, all of one origin. */
export function written(value: unknown, origin: Origin): Written {
  if (Array.isArray(value))
    return { kind: "list", origin, items: value.map((item) => written(item, origin)) };
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return {
      kind: "map",
      origin,
      entries: new Map(entries.map(([key, item]) => [key, written(item, origin)])),
    };
  }
  return { kind: "scalar", origin, value, source: JSON.stringify(value) ?? typeof value };
}

/** `over` laid on `under`: maps are merged key by key; lists, words and references to a secret are replaced whole. */
export function merged(under: Written, over: Written): Written {
  if (under.kind !== "map" || over.kind !== "map" || isReference(under)) return over;
  const entries = new Map(under.entries);
  for (const [key, value] of over.entries) {
    const below = entries.get(key);
    entries.set(key, below ? merged(below, value) : value);
  }
  return { ...over, entries };
}

function isReference(map: Written & { kind: "map" }): boolean {
  const [only, ...others] = map.entries.keys();
  return others.length === 0 && (only === "env" || only === "file" || only === "command");
}

/** The value alone, as a schema wants it. */
export function plain(tree: Written): unknown {
  if (tree.kind === "scalar") return tree.value;
  if (tree.kind === "list") return tree.items.map(plain);
  return Object.fromEntries([...tree.entries].map(([key, value]) => [key, plain(value)]));
}

/** What stands at `path`, or the deepest thing above it that was written. */
export function nearestAt(tree: Written, path: Path): Written {
  const [head, ...rest] = path;
  if (head === undefined || tree.kind === "scalar") return tree;
  const next = tree.kind === "list" ? tree.items[Number(head)] : tree.entries.get(String(head));
  return next ? nearestAt(next, rest) : tree;
}

/** The tree without the value at `path`. */
export function without(tree: Written, path: readonly string[]): Written {
  const [head, ...rest] = path;
  if (head === undefined || tree.kind !== "map") return tree;
  const entries = new Map(tree.entries);
  const below = entries.get(head);
  if (rest.length === 0) entries.delete(head);
  else if (below) entries.set(head, without(below, rest));
  return { ...tree, entries };
}
