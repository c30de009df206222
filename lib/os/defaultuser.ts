import { parse } from "yaml";

/** Groups that make an administrator: a user gets them by saying so, or by sudo rules of its own. */
const powers = ["sudo", "admin", "adm", "wheel", "root", "lxd", "docker", "disk", "shadow"];

/**
 * The groups that cloud.cfg gives the image's own first user, but those of administrators: on a Raspberry Pi they open
 * sound, video, GPIO and serial ports. None where the file says nothing that can be read.
 */
export function usualGroups(cloudConfig: string): readonly string[] {
  const groups = defaultUser(cloudConfig)?.groups;
  const names = typeof groups === "string" ? groups.split(",") : Array.isArray(groups) ? groups : [];
  return names
    .filter((name) => typeof name === "string")
    .map((name) => name.trim())
    .filter((name) => name !== "" && !powers.includes(name));
}

function defaultUser(text: string): { readonly groups?: unknown } | undefined {
  try {
    const user: unknown = parse(text)?.system_info?.default_user;
    return typeof user === "object" && user !== null ? user : undefined;
  } catch {
    return undefined; // a template that was never filled in
  }
}
