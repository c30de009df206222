import { type Complaint, each, type Rule, within } from "./look.ts";

/** Keys of tunnels: 32 bytes in base64, whose last digit holds four bits (wg(8)); wg-quick refuses the file otherwise. */
const keyForm = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

const hint = "put the real key there, or write the file on the first boot; a placeholder stops the tunnel";

/** Tunnels whose keys are none, such as the placeholder of an example. */
export const wireguard: Rule = {
  name: "wireguard",
  check: async ({ root }) =>
    each(await within(root, "/etc/wireguard", /\.conf$/), async (path) => {
      const text = (await root.text(path)) ?? "";
      return text.split("\n").flatMap((line, at) => complaintsOf({ path, line, number: at + 1 }));
    }),
};

function complaintsOf(of: { path: string; line: string; number: number }): readonly Complaint[] {
  const [, word = "", value = ""] =
    /^\s*(PrivateKey|PublicKey|PresharedKey)\s*=\s*([^#]*)/i.exec(of.line) ?? [];
  if (word === "" || keyForm.test(value.trim())) return [];
  // a private one may be half right: what is wrong with it is said without it
  const text = `line ${of.number}: ${word} is not a key of WireGuard (44 characters of base64)`;
  return [{ severity: "error", path: of.path, text, hint }];
}
