import type { Controller } from "../controller.ts";
import { factCalls } from "./facts.ts";
import { powerCalls } from "./power.ts";
import type { Query } from "./query.ts";
import { type Reply, wrong } from "./replies.ts";
import { serialCalls } from "./serial.ts";
import { usbCalls } from "./usb.ts";

/** What an ordinary call is given. */
export interface Asked {
  readonly controller: Controller;
  readonly query: Query;
  /** Aborted when the client goes away or the daemon ends. */
  readonly signal: AbortSignal;
}

/** Ordinary calls by `opt` and `type`. */
export type Calls = Readonly<Record<string, (asked: Asked) => Reply | Promise<Reply>>>;

const calls: Calls = { ...powerCalls, ...usbCalls, ...serialCalls, ...factCalls };
const onlyModern = ["cooling", "node_info", "usb_node1"];

/** Answers an ordinary call; one that the firmware does not know with a 400. */
export async function answer(asked: Asked): Promise<Reply> {
  const opt = asked.query.text("opt");
  if (opt === undefined) return wrong(400, "Missing `opt` parameter");
  if (opt !== "get" && opt !== "set") return wrong(400, `Invalid \`opt\` parameter ${opt}`);
  const type = asked.query.text("type");
  if (type === undefined) return wrong(400, "Missing `type` parameter");
  const call = Object.entries(calls).find(([name]) => name === `${opt} ${type}`)?.[1];
  const known = asked.controller.profile.modern || !onlyModern.includes(type);
  if (!call || !known) return wrong(400, `Invalid \`type\` parameter ${type}`);
  return await call(asked);
}
