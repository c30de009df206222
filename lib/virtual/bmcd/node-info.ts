import { z } from "zod";
import type { Controller } from "../controller.ts";
import { replaced } from "../state.ts";
import { bare, empty, type Reply, text } from "./replies.ts";

const change = z.object({
  name: z.string().nullish(),
  module_name: z.string().nullish(),
  uart_baud: z.number().int().nonnegative().nullish(),
});
const changes = z.object({ Node1: change, Node2: change, Node3: change, Node4: change }).partial();

/** Stores names and rates of nodes; what is null or absent stays. The rate is kept and never applied. */
export function setNodeInfo(controller: Controller, sent: { type: string | undefined; body: string }): Reply {
  if (!sent.type?.startsWith("application/json")) return bare("Content type error");
  const parsed = changes.safeParse(parsedJson(sent.body));
  if (!parsed.success) return text(400, "Json deserialize error");
  for (const [index, key] of (["Node1", "Node2", "Node3", "Node4"] as const).entries()) {
    const { labels } = controller.memory.now();
    const old = labels[index];
    const wish = parsed.data[key];
    if (!wish || !old) continue;
    const next = {
      name: wish.name ?? old.name,
      module_name: wish.module_name ?? old.module_name,
      uart_baud: wish.uart_baud ?? old.uart_baud,
    };
    controller.memory.change({ labels: replaced(labels, index, next) });
  }
  return empty;
}

function parsedJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
