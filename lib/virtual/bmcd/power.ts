import { lowerBootPins, switchPower } from "../controller.ts";
import type { Calls } from "./calls.ts";
import { nodeOf } from "./query.ts";
import { failed, ok, result, wrong } from "./replies.ts";

/** Power, reset and the USB-boot pin. */
export const powerCalls: Calls = {
  "get power": ({ controller }) => {
    const unknown = controller.faults.armed().power === "unknown";
    const values = controller.memory.now().power.map((on, index) => {
      return [`node${index + 1}`, unknown ? "Unknown" : on ? "1" : "0"];
    });
    return result([Object.fromEntries(values)]);
  },
  "set power": async ({ controller, query }) => {
    const wishes: { index: number; on: boolean }[] = [];
    for (const index of [0, 1, 2, 3]) {
      const value = query.text(`node${index + 1}`);
      if (value === undefined) continue;
      if (value !== "0" && value !== "1")
        return wrong(400, `Parameter \`node${index + 1}\` can be either 0 or 1`);
      wishes.push({ index, on: value === "1" });
    }
    if (wishes.length === 0) return wrong(500, "no `node` argument(s) given");
    for (const wish of wishes) await switchPower(controller, wish);
    return ok;
  },
  "set reset": async ({ controller, query }) => {
    const node = nodeOf(query);
    if ("wrong" in node) return wrong(400, node.wrong);
    // The stored state is left alone: an "off" node that is reset runs, and still reads 0.
    await controller.slots[node.value]?.reset();
    return ok;
  },
  "set usb_boot": ({ controller, query }) => {
    const node = nodeOf(query);
    if ("wrong" in node) return wrong(400, node.wrong);
    controller.slots[node.value]?.bootPin(true);
    return ok;
  },
  "set clear_usb_boot": ({ controller }) => {
    lowerBootPins(controller);
    return ok;
  },
  "set network": ({ controller }) => {
    controller.upheaval.network();
    return ok;
  },
  "set reboot": ({ controller, query }) => {
    controller.upheaval.reboot(controller.profile.modern && query.has("fel"));
    return ok;
  },
  "set reload": ({ controller }) => {
    controller.upheaval.reload();
    return ok;
  },
  "get nodeinfo": () => result([{ node1: 0, node2: 0, node3: 0, node4: 0 }]),
  "set nodeinfo": () => wrong(501, "not implemented"),
  "set sdcard": () => wrong(501, "not implemented"),
  "set usb_node1": ({ controller, query }) => {
    if (controller.hardware === "2.4") return failed("set usb_node1", "not supported on this board");
    controller.memory.change({ usbNode1: query.has("alternative_port") });
    return ok;
  },
  "get usb_node1": ({ controller }) => result(controller.memory.now().usbNode1),
};
