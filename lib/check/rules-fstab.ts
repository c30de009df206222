import { type Complaint, each, type Look, type Rule, type Volume } from "./look.ts";

/** A line of /etc/fstab. */
interface Mount {
  readonly what: string;
  readonly where: string;
  readonly type: string;
  readonly options: readonly string[];
}

async function mounts({ root }: Look): Promise<readonly Mount[]> {
  const lines = ((await root.text("/etc/fstab")) ?? "")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim());
  return lines.flatMap((line) => {
    const [what, where, type, options = "defaults"] = line.split(/\s+/);
    return what && where && type ? [{ what, where, type, options: options.split(",") }] : [];
  });
}

/** Where the system mounts its FAT volume: fstab says so, or else the kind of system does. */
export async function bootVolumeAt(look: Look): Promise<"/boot" | "/boot/firmware" | undefined> {
  const told = (await mounts(look)).find(({ where }) => where === "/boot" || where === "/boot/firmware");
  if (told) return told.where === "/boot" ? "/boot" : "/boot/firmware";
  return (await look.root.entry("/boot/firmware/config.txt")) ? "/boot/firmware" : undefined;
}

/** Every file system that fstab and the kernel's command line name must be there: a boot stops at one that is not. */
export const fstab: Rule = {
  name: "fstab",
  check: async (look) => {
    const path = "/etc/fstab";
    const lines = await mounts(look);
    const twice = lines.filter(
      ({ where }, at) => where !== "none" && lines.findIndex((one) => one.where === where) < at,
    );
    return [
      ...(await each(lines, (mount) => missing(look, { path, mount }))),
      ...twice.map(({ where }) => ({
        severity: "warning" as const,
        path,
        text: `mounts ${where} twice`,
        hint: "leave one of the lines",
      })),
    ];
  },
};

function missing({ volumes }: Look, of: { path: string; mount: Mount }): readonly Complaint[] {
  const { path, mount } = of;
  const { what, where, options } = mount;
  if (/^\/dev\/(sd|mmcblk|nvme|vd)/.test(what))
    return [
      {
        severity: "warning",
        path,
        text: `mounts ${what} at ${where}: that name depends on the machine and the order of its disks`,
        hint: "name it by LABEL= or PARTUUID=",
      },
    ];
  const found = named(volumes, what);
  if (found !== undefined || options.some((one) => one === "nofail" || one === "noauto")) return [];
  if (!/^(UUID|PARTUUID|LABEL|PARTLABEL)=/i.test(what)) return [];
  return [
    {
      severity: "error",
      path,
      text: `mounts ${what} at ${where}, and no partition has that name`,
      hint: `the image has ${volumeNames(volumes)}`,
    },
  ];
}

/** The volume that a `KEY=value` of fstab names. */
export function named(volumes: readonly Volume[], what: string): Volume | undefined {
  const [, key = "", value = ""] = /^(\w+)="?([^"]*)"?$/.exec(what) ?? [];
  const field = { UUID: "uuid", PARTUUID: "partuuid", LABEL: "label", PARTLABEL: "partlabel" }[
    key.toUpperCase()
  ];
  return volumes.find(
    (volume) =>
      field !== undefined &&
      value !== "" &&
      String(Reflect.get(volume, field)).toLowerCase() === value.toLowerCase(),
  );
}

/** The names of all volumes, for a hint. */
export const volumeNames = (volumes: readonly Volume[]): string =>
  volumes
    .map(({ label, uuid, partuuid }) =>
      [label && `LABEL=${label}`, `UUID=${uuid}`, `PARTUUID=${partuuid}`].filter(Boolean).join(" "),
    )
    .join("; ");
