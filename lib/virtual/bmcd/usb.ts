import { type Controller, routeUsb } from "../controller.ts";
import type { Calls } from "./calls.ts";
import { nodeOf, numberOf } from "./query.ts";
import { failed, ok, result, wrong } from "./replies.ts";
import { usbBoot } from "./usb-boot.ts";

const modes = ["Host", "Device", "Flash"] as const;

/** The USB switch and the module as a disk. */
export const usbCalls: Calls = {
  "get usb": ({ controller }) => {
    const { mode, node, route } = controller.memory.now().usb;
    const name = `Node ${node + 1}`;
    if (!controller.profile.modern) {
      return result([{ mode, node: name, route: route === "Bmc" ? "Bmc" : "UsbA" }]);
    }
    return result([{ bus_type: busType(controller), mode, node: name, route }]);
  },
  "set usb": ({ controller, query }) => {
    const node = nodeOf(query);
    if ("wrong" in node) return wrong(400, node.wrong);
    const mode = numberOf(query, { key: "mode", top: 7 });
    if ("wrong" in mode) return wrong(400, mode.wrong);
    const kind = modes[mode.value & 3];
    if (!kind) throw new Error("mode 3 panics the daemon's worker, which resets the connection");
    if (kind === "Host" && controller.hardware === "2.5")
      return failed("set USB mode", "Host mode not supported");
    routeUsb(controller, { mode: kind, node: node.value, route: mode.value & 4 ? "Bmc" : "AlternativePort" });
    return ok;
  },
  "set node_to_msd": async ({ controller, query, signal }) => {
    const node = nodeOf(query);
    if ("wrong" in node) return wrong(400, node.wrong);
    try {
      await usbBoot(controller, { index: node.value, signal });
      return ok;
    } catch (error) {
      return failed(
        `set node ${node.value + 1} into mass storage mode`,
        String(error instanceof Error ? error.message : error),
      );
    }
  },
};

const busType = ({ hardware }: Controller) => (hardware === "2.4" ? "Single bus" : "Usb hub");
