import { ambient, inside, narrowed } from "./scope.ts";

type Results<R> = { -readonly [K in keyof R]: Awaited<R[K]> };

/**
 * Starts the steps of a record or list side by side, or calls `work` for each item of a list. The first failure aborts
 * the others; they have all come to an end when it is thrown.
 */
export async function all<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => PromiseLike<R>,
): Promise<R[]>;
export async function all<
  const R extends Readonly<Record<string, PromiseLike<unknown>>> | readonly PromiseLike<unknown>[],
>(steps: R): Promise<Results<R>>;
export async function all(
  what: Readonly<Record<string, PromiseLike<unknown>>> | readonly unknown[],
  work: (item: never, index: number) => PromiseLike<unknown> = (item) => item,
): Promise<unknown> {
  const from = ambient();
  const controller = new AbortController();
  const scope = narrowed(from, { signal: AbortSignal.any([from.signal, controller.signal]) });
  let first: { readonly error: unknown } | undefined;
  const one = async (item: unknown, index: number) => {
    try {
      return await work(item as never, index);
    } catch (error) {
      first ??= { error };
      controller.abort(error);
      return undefined;
    }
  };
  const entries = Array.isArray(what)
    ? what.map((item, index) => [String(index), item] as const)
    : Object.entries(what);
  const values = await inside(scope, () => Promise.all(entries.map(([, item], index) => one(item, index))));
  if (first) throw first.error;
  return Array.isArray(what)
    ? values
    : Object.fromEntries(entries.map(([key], index) => [key, values[index]]));
}
