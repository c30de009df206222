import type { Controller } from "../controller.ts";
import type { Calls } from "./calls.ts";
import { numberOf } from "./query.ts";
import { ok, result, wrong } from "./replies.ts";

const mac = "02:00:c0:ff:ee:02";
const fan = { device: "system fan", top: 6 } as const;

/** What the controller says about itself. */
export const factCalls: Calls = {
  "get about": ({ controller }) => result(controller.profile.about(controller.hardware)),
  "get other": ({ controller }) => {
    const { api, build_version, buildroot, buildtime, version } = controller.profile.about(
      controller.hardware,
    );
    const known = { api, ...(build_version ? { build_version } : {}), buildroot, buildtime };
    return result([{ ...known, ...addressIn(controller), version }]);
  },
  "get info": async ({ controller }) => {
    const space = await controller.files.mounts();
    const storage = space.flatMap(({ mount, total, free }) => {
      const name = mount === "/" ? "BMC" : mount === "/mnt/sdcard" ? "SD card" : undefined;
      return name ? [{ name, total_bytes: total, bytes_free: free }] : [];
    });
    const device = controller.profile.address === "eth0" ? "eth0" : "br0";
    return result({ ip: [{ device, ip: controller.address, mac }], storage });
  },
  "get sdcard": async ({ controller }) => {
    const { total, used, free } = await controller.files.space("/mnt/sdcard");
    return result([{ total, use: used, free }]);
  },
  "get node_info": ({ controller }) =>
    result(
      controller.memory.now().labels.map(({ name, module_name, uart_baud }, index) => {
        const since = controller.slots[index]?.since();
        const power_on_time = since === undefined ? null : Math.floor((performance.now() - since) / 1000);
        return { module_name, name, power_on_time, uart_baud };
      }),
    ),
  "get cooling": ({ controller }) =>
    result(
      controller.hardware === "2.4"
        ? []
        : [{ device: fan.device, speed: controller.memory.now().fan, max_speed: fan.top }],
    ),
  "set cooling": ({ controller, query }) => {
    const device = query.text("device");
    if (device === undefined) return wrong(400, "Missing `device` parameter");
    const speed = numberOf(query, { key: "speed", top: Number.MAX_SAFE_INTEGER });
    if ("wrong" in speed) return wrong(400, speed.wrong);
    if (controller.hardware === "2.4" || device !== fan.device) {
      return wrong(500, `cooling device: \`${device}\` does not exist`);
    }
    if (speed.value > fan.top) {
      return wrong(500, `given speed '${speed.value}' exceeds maximum speed of '${fan.top}'`);
    }
    controller.memory.change({ fan: speed.value });
    return ok;
  },
};

/** The address as `type=other` gives it: 2.0.5 with a line end in the mac, 2.1.0 not at all. */
function addressIn({ profile, address }: Controller): { ip: string; mac: string } {
  if (profile.address === "none") return { ip: "Unknown", mac: "Unknown" };
  return { ip: address, mac: profile.address === "eth0" ? `${mac}\n` : mac };
}
