import type { IncomingMessage } from "node:http";
import { text as textOf } from "node:stream/consumers";
import type { Controller } from "../controller.ts";
import type { Gate } from "./auth.ts";
import { backup } from "./backup.ts";
import { answer } from "./calls.ts";
import { jobOf } from "./job.ts";
import { setNodeInfo } from "./node-info.ts";
import { query } from "./query.ts";
import { bare, empty, jsonReply, page, type Reply, text } from "./replies.ts";
import { statusText } from "./status.ts";
import type { Transfers } from "./transfer.ts";
import { upload } from "./upload.ts";

/** The daemon's parts that a request meets. */
export interface Daemon {
  readonly controller: Controller;
  readonly gate: Gate;
  readonly transfers: Transfers;
}

/** A request on its way through the daemon. */
export interface Call {
  readonly request: IncomingMessage;
  readonly path: string;
  readonly search: string;
  /** The peer's address, which bans go by. */
  readonly address: string;
  /** Whether the peer is the controller itself, which needs no login. */
  readonly exempt: boolean;
  readonly signal: AbortSignal;
}

const notAllowed: Reply = { status: 405 };

/** Answers a request below `/api/bmc`: the login first, then the gate, then the route. */
export async function api(daemon: Daemon, call: Call): Promise<Reply> {
  const { controller, gate } = daemon;
  if (!call.exempt) {
    if (call.path === "/api/bmc/authenticate") {
      return call.request.method === "POST" ? gate.login(call.address, await textOf(call.request)) : page;
    }
    const polls = controller.faults.armed().unauthorizedPolls;
    if (polls !== undefined && isPoll(call.search)) {
      controller.faults.set({ unauthorizedPolls: polls > 1 ? polls - 1 : null });
      return text(401, "token expired 1s ago");
    }
    const refusal = gate.check(call.address, call.request.headers.authorization);
    if (refusal) return refusal;
  }
  return await routed(daemon, call);
}

const isPoll = (search: string) => search.includes("opt=get") && /type=(flash|firmware)/.test(search);

async function routed(daemon: Daemon, call: Call): Promise<Reply> {
  const { controller, transfers } = daemon;
  const { request, path, signal } = call;
  const [get, post] = [request.method === "GET", request.method === "POST"];
  const uploading = /^\/api\/bmc\/upload\/([^/]+)(\/cancel)?$/.exec(path);
  if (uploading) {
    const handle = Number(uploading[1]);
    if (!/^\d+$/.test(uploading[1] ?? "") || handle > 0xffff_ffff) return { status: 404 };
    if (uploading[2] === undefined) {
      return post ? await upload({ controller, transfers, request, handle, signal }) : notAllowed;
    }
    if (!get) return notAllowed;
    transfers.cancel();
    return empty;
  }
  if (path === "/api/bmc/backup") return get ? backup(controller, signal) : notAllowed;
  if (path === "/api/bmc/serial/status" && controller.profile.modern) {
    if (!post) return notAllowed;
    const state = controller.faults.armed().uartStopped ? "Stopped" : "Running";
    return text(200, JSON.stringify([state, state, state, state]));
  }
  if (path !== "/api/bmc") return page;
  return get || post ? await operation(daemon, call) : notAllowed;
}

/** What port 80 answers without a redirect or a login. */
export const info = async (controller: Controller): Promise<Reply> =>
  await answer({ controller, query: query("opt=get&type=other"), signal: new AbortController().signal });

async function operation({ controller, transfers }: Daemon, call: Call): Promise<Reply> {
  const asked = query(call.search);
  const says = (words: string) => call.search.includes(words);
  if (call.request.method === "POST") {
    if (!says("opt=set") || !says("type=node_info") || !controller.profile.modern) return notAllowed;
    return setNodeInfo(controller, {
      type: call.request.headers["content-type"],
      body: await textOf(call.request),
    });
  }
  if (says("type=flash") || says("type=firmware")) {
    if (says("opt=get")) return text(200, statusText(transfers.state()));
    if (says("opt=set")) {
      const job = jobOf(asked, controller.profile);
      if ("wrong" in job) return bare(job.wrong);
      try {
        return text(200, JSON.stringify({ handle: await transfers.start(job.value, call.signal) }));
      } catch (error) {
        return bare(error instanceof Error ? error.message : String(error));
      }
    }
  }
  return await answer({ controller, query: asked, signal: call.signal });
}

/** The redirect of port 80: the Host header goes into it as it came, so a port in it makes a broken address. */
export async function plainHttp(controller: Controller, call: Call): Promise<Reply> {
  if (call.request.method === "GET" && call.path === controller.profile.openInfo)
    return await info(controller);
  const target = `${call.path}${call.search ? `?${call.search}` : ""}`;
  return {
    ...jsonReply(""),
    status: 308,
    headers: { location: `https://${call.request.headers.host}:443${target}` },
    body: "",
  };
}
