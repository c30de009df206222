import type { BoardOptions } from "../../lib/virtual.ts";

export const small = { machines: "none", emmcBytes: 1 << 20 } as const;
const old = { ...small, profile: "2.0.5" } as const;

/** Replies that do not depend on what was done before, as the daemon gives them. */
export const bodies: readonly { on: BoardOptions; query: string; status?: number; body: string }[] = [
  {
    on: small,
    query: "opt=get&type=power",
    body: '{"response":[{"result":[{"node1":"0","node2":"0","node3":"0","node4":"0"}]}]}',
  },
  { on: small, query: "opt=get&type=flash", body: '"Ready"' },
  { on: small, query: "opt=get&type=firmware", body: '"Ready"' },
  {
    on: small,
    query: "opt=get&type=nodeinfo",
    body: '{"response":[{"result":[{"node1":0,"node2":0,"node3":0,"node4":0}]}]}',
  },
  {
    on: small,
    query: "opt=get&type=usb",
    body: '{"response":[{"result":[{"bus_type":"Usb hub","mode":"Device","node":"Node 1","route":"AlternativePort"}]}]}',
  },
  {
    on: { ...small, hardware: "2.4" },
    query: "opt=get&type=usb",
    body: '{"response":[{"result":[{"bus_type":"Single bus","mode":"Device","node":"Node 1","route":"AlternativePort"}]}]}',
  },
  {
    on: old,
    query: "opt=get&type=usb",
    body: '{"response":[{"result":[{"mode":"Device","node":"Node 1","route":"UsbA"}]}]}',
  },
  { on: small, query: "opt=get&type=usb_node1", body: '{"response":[{"result":false}]}' },
  {
    on: small,
    query: "opt=get&type=cooling",
    body: '{"response":[{"result":[{"device":"system fan","speed":3,"max_speed":6}]}]}',
  },
  { on: { ...small, hardware: "2.4" }, query: "opt=get&type=cooling", body: '{"response":[{"result":[]}]}' },
  {
    on: old,
    query: "opt=get&type=cooling",
    status: 400,
    body: '{"response":[{"result":"Invalid `type` parameter cooling"}]}',
  },
  { on: small, query: "opt=get&type=uart&node=0", body: '{"response":[{"uart":""}]}' },
  {
    on: small,
    query: "opt=set&type=sdcard",
    status: 501,
    body: '{"response":[{"result":"not implemented"}]}',
  },
  {
    on: small,
    query: "type=power",
    status: 400,
    body: '{"response":[{"result":"Missing `opt` parameter"}]}',
  },
  { on: small, query: "opt=get", status: 400, body: '{"response":[{"result":"Missing `type` parameter"}]}' },
  {
    on: small,
    query: "opt=get&type=tea",
    status: 400,
    body: '{"response":[{"result":"Invalid `type` parameter tea"}]}',
  },
  {
    on: small,
    query: "opt=get&type=uart",
    status: 400,
    body: '{"response":[{"result":"Missing `node` parameter"}]}',
  },
  {
    on: small,
    query: "opt=get&type=uart&node=x",
    status: 400,
    body: '{"response":[{"result":"Parameter `node` is not a number"}]}',
  },
  {
    on: small,
    query: "opt=get&type=uart&node=4",
    status: 400,
    body: '{"response":[{"result":"Parameter `node` is out of range 0..3 of node IDs"}]}',
  },
  { on: small, query: "opt=get&type=uart&node=256", body: '{"response":[{"uart":""}]}' },
  {
    on: small,
    query: "opt=get&type=uart&node=0&encoding=ebcdic",
    status: 400,
    body: '{"response":[{"result":"Invalid `encoding` parameter"}]}',
  },
  {
    on: small,
    query: "opt=set&type=power&node1=2",
    status: 400,
    body: '{"response":[{"result":"Parameter `node1` can be either 0 or 1"}]}',
  },
  {
    on: small,
    query: "opt=set&type=usb&node=0&mode=0",
    status: 500,
    body: '{"response":[{"result":"Failed to set USB mode: Host mode not supported"}]}',
  },
  {
    on: { ...small, hardware: "2.4" },
    query: "opt=set&type=usb&node=0&mode=0",
    body: '{"response":[{"result":"ok"}]}',
  },
  {
    on: { ...small, hardware: "2.4" },
    query: "opt=set&type=usb_node1",
    status: 500,
    body: '{"response":[{"result":"Failed to set usb_node1: not supported on this board"}]}',
  },
  { on: small, query: "opt=set&type=flash&file=a", status: 500, body: "Missing `node` parameter" },
  { on: small, query: "opt=set&type=flash&node=0", status: 500, body: "Missing `file` parameter" },
  { on: small, query: "opt=set&type=flash&node=0&file=a", status: 500, body: "Missing `length` parameter" },
  {
    on: small,
    query: "opt=set&type=flash&node=0&file=/no&local",
    status: 500,
    body: "Failed to /no: No such file or directory (os error 2)",
  },
  {
    on: small,
    query: "opt=set&type=flash&node=0&file=a&length=1&sha256=xyz",
    status: 500,
    body: "Odd number of digits",
  },
  {
    on: small,
    query: "opt=set&type=node_to_msd&node=3",
    status: 500,
    body: '{"response":[{"result":"Failed to set node 4 into mass storage mode: Compute module\'s USB interface not found or supported"}]}',
  },
];
