import { decoded } from "../uart.ts";
import type { Calls } from "./calls.ts";
import { nodeOf } from "./query.ts";
import { jsonReply, ok, wrong } from "./replies.ts";

/** The nodes' serial lines. */
export const serialCalls: Calls = {
  "get uart": ({ controller, query }) => {
    const node = nodeOf(query);
    if ("wrong" in node) return wrong(400, node.wrong);
    if (controller.faults.armed().uartStopped) return wrong(500, "serial worker not started");
    const encoding = query.text("encoding") ?? "utf8";
    const uart = controller.slots[node.value]?.uart;
    const text = decoded(uart?.read() ?? Buffer.alloc(0), encoding);
    if (text === undefined) return wrong(400, "Invalid `encoding` parameter");
    if (controller.profile.uart === "drains") uart?.clear();
    return jsonReply({ response: [{ uart: text }] });
  },
  "set uart": ({ controller, query }) => {
    const node = nodeOf(query);
    if ("wrong" in node) return wrong(400, node.wrong);
    const line = query.text("cmd");
    if (line === undefined) return wrong(400, "Missing `cmd` parameter");
    if (controller.faults.armed().uartStopped) return wrong(500, "serial worker not started");
    controller.slots[node.value]?.type(Buffer.from(`${line}\r\n`));
    return ok;
  },
};
