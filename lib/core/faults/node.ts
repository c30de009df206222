import type { Fault } from "../fault.ts";

/** Faults of reaching a machine over SSH, the board's controller included. */
export const nodeFaults = {
  SSH_UNREACHABLE: {
    exit: "failed",
    message: (p: { name: string; address: string; reason: string }) =>
      `${p.name} does not answer on ${p.address}: ${p.reason}`,
    hint: "is it powered on and booted, and is the address right? a fresh system may need a minute or two",
  },
  SSH_AUTH: {
    exit: "refused",
    message: (p: { name: string; user: string; tried: string; offered: string }) =>
      `${p.name} refuses ${p.user}: tried ${p.tried}, it takes ${p.offered}`,
    hint: "check the user, the password and the key; nothing was tried a second time",
  },
  SSH_KEY_UNUSABLE: {
    exit: "refused",
    message: (p: { name: string; key: string; reason: string }) =>
      `the key ${p.key} for ${p.name} cannot be used: ${p.reason}`,
    hint: "name a private key without a passphrase, or load it into ssh-agent",
  },
  SSH_HOST_KEY: {
    exit: "refused",
    message: (p: { name: string; address: string; seen: string; known: string; where: string }) =>
      `${p.name} at ${p.address} shows host key ${p.seen}, not ${p.known} (${p.where})`,
    hint: (p: { where: string }) =>
      `a reinstalled system has a new key, and so has somebody in between; if the change is yours, correct ${p.where}`,
  },
  SSH_DROPPED: {
    exit: "failed",
    message: (p: { name: string; during: string }) =>
      `the connection to ${p.name} was lost during \`${p.during}\``,
    hint: "it is not known how far that came; the next use connects anew",
  },
  SSH_CHANNEL: {
    exit: "failed",
    message: (p: { name: string; what: string; reason: string }) =>
      `${p.name} did not open ${p.what}: ${p.reason}`,
    hint: "the SSH server there forbids it, or nothing listens at the far end",
  },
  SSH_TRANSFER: {
    exit: "failed",
    message: (p: { name: string; path: string; reason: string }) =>
      `${p.path} on ${p.name} was not written: ${p.reason}`,
    hint: "what was at that path before is still there; look for a full or read-only disk",
  },
  SSH_NO_SPACE: {
    exit: "failed",
    message: (p: { name: string; path: string; needed: string }) =>
      `${p.name} has no room for ${p.path}: ${p.needed} are needed`,
    hint: "delete what is not needed there (df -h shows where the room is); nothing of the new file was left behind",
  },
  PASSWORD_EXPIRED: {
    exit: "refused",
    message: (p: { name: string; user: string }) =>
      `the password of ${p.user} on ${p.name} has expired and must be changed first`,
    hint: "a fresh system asks for this once: name the new password in tpi.yaml",
  },
  PASSWORD_REFUSED: {
    exit: "refused",
    message: (p: { name: string; user: string; reason: string }) =>
      `${p.name} does not take the new password of ${p.user}: ${p.reason}`,
    hint: "choose a longer password that is not like the old one",
  },
  PLAN_BLIND: {
    exit: "failed",
    message: (p: { where: string; command: string }) =>
      `a plan does not run \`${p.command}\` on ${p.where}, so what it would print is not known`,
    hint: "say what the plan goes on with: .json(parse, { planned: value })",
  },
} satisfies Record<string, Fault<never>>;
