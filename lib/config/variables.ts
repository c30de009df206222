/** What one string with variables comes to. */
export type Expanded =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "unset"; readonly name: string }
  | { readonly kind: "malformed"; readonly piece: string };

type Variables = Readonly<Record<string, string | undefined>>;

const piece = /\$\$\{|\$\{([^{}]*)\}|\$\{/g;
const reference = /^([A-Za-z_]\w*)(?::-(.*))?$/s;

/**
 * Replaces `${NAME}` and `${NAME:-default}` once, from left to right; a value is never expanded again. As in a shell, an
 * empty variable takes the default. `$${` stands for `${`.
 */
export function expanded(text: string, variables: Variables): Expanded {
  let trouble: Expanded | undefined;
  const result = text.replaceAll(piece, (found: string, inner: string | undefined) => {
    if (found === "$${") return "${";
    const [, name, fallback] = reference.exec(inner ?? "") ?? [];
    if (!name) {
      trouble ??= { kind: "malformed", piece: found };
      return found;
    }
    const value = variables[name];
    if (fallback !== undefined) return value || fallback;
    if (value === undefined) trouble ??= { kind: "unset", name };
    return value ?? "";
  });
  return trouble ?? { kind: "text", text: result };
}
