import type { Fault } from "../fault.ts";
import { flashFaults } from "./flash.ts";

/** Faults of talking to a board's controller, and of its transfers. */
export const bmcFaults = {
  ...flashFaults,
  BMC_UNREACHABLE: {
    exit: "failed",
    message: (p: { board: string; reason: string }) => `the board at ${p.board} does not answer: ${p.reason}`,
    hint: "is it powered, on this network, and is the address right? after a reboot it needs half a minute",
  },
  BMC_DROPPED: {
    exit: "failed",
    message: (p: { board: string; during: string; reason: string }) =>
      `the board at ${p.board} cut the connection during ${p.during}: ${p.reason}`,
    hint: "its daemon or the board itself may have restarted; look with bmc.power() before you go on",
  },
  BMC_FINGERPRINT: {
    exit: "refused",
    message: (p: { board: string; seen: string; known: string; where: string }) =>
      `the board at ${p.board} shows certificate ${p.seen}, not ${p.known} (${p.where})`,
    hint: (p: { where: string }) =>
      `a factory reset makes a new certificate, and so does somebody in between; if the change is yours, correct ${p.where}`,
  },
  BMC_AUTH: {
    exit: "refused",
    message: (p: { board: string; user: string; said: string }) =>
      `the board at ${p.board} refuses the login of ${p.user}: ${p.said}`,
    hint: "check user and password; this run does not try them again, as the fifth failure bans your address",
  },
  BMC_BANNED: {
    exit: "refused",
    message: (p: { board: string; remaining: string }) =>
      `the board at ${p.board} has banned this address for ${p.remaining} after failed logins`,
    hint: "wait, or restart the daemon on the board: ssh root@board /etc/init.d/S94bmcd restart (nodes lose power)",
  },
  BMC_REFUSED: {
    exit: "failed",
    message: (p: { board: string; call: string; status: number; said: string }) =>
      `the board at ${p.board} answered ${p.call} with ${p.status}: ${p.said}`,
    hint: "these are the controller's own words",
  },
  BMC_STRANGE: {
    exit: "failed",
    message: (p: { board: string; call: string; said: string }) =>
      `the board at ${p.board} answered ${p.call} with something else than expected: ${p.said}`,
    hint: "is this a Turing Pi 2 with firmware 2.x? older ones speak another protocol",
  },
  BMC_TOO_OLD: {
    exit: "refused",
    message: (p: { board: string; what: string }) =>
      `the firmware of the board at ${p.board} has no ${p.what}`,
    hint: "upgrade it to 2.1.0 or newer, or send a raw image as an upload",
  },
  BMC_BUSY: {
    exit: "refused",
    message: (p: { board: string; process: string; bytes: number }) =>
      `the board at ${p.board} is busy with "${p.process}" (${p.bytes} bytes written), started by somebody else`,
    hint: "wait for it; if nobody owns it any more, await bmc.cancel()",
  },
} satisfies Record<string, Fault<never>>;
