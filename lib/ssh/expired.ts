import type { ClientChannel } from "ssh2";
import { cmd } from "../core/cmd.ts";
import { isFault, TpiError } from "../core/fault.ts";
import type { Secret } from "../core/secret.ts";
import { abortable } from "./abortable.ts";
import { opened } from "./channel.ts";
import { reasonIn, turn } from "./dialog.ts";
import { exec } from "./exec.ts";
import { disconnect } from "./pool.ts";
import type { SshTarget } from "./target.ts";

/** The two passwords of an account that must change its own before anything else. */
export interface PasswordChange {
  readonly from: Secret;
  readonly to: Secret;
  readonly signal: AbortSignal;
}

/**
 * Gives an account its new password through the terminal dialog of an expired one, and logs in with it to be sure.
 * Does nothing where the new one works already. `PASSWORD_REFUSED` says what the system had against it.
 */
export async function changeExpiredPassword(
  target: SshTarget,
  change: PasswordChange,
): Promise<"changed" | "already"> {
  const { keys: _, agent: __, ...plain } = target;
  const [old, fresh] = [
    { ...plain, password: change.from },
    { ...plain, password: change.to },
  ];
  const works = () => exec(fresh, probe(change));
  const already = await works().catch((error: unknown) => {
    if (isFault(error, "SSH_AUTH")) return undefined;
    throw error;
  });
  if (already) return "already";
  const said = await asked(old, change).finally(() => disconnect(old));
  try {
    await works();
    return "changed";
  } catch (error) {
    if (!isFault(error, "SSH_AUTH", "PASSWORD_EXPIRED")) throw error;
    throw new TpiError(
      "PASSWORD_REFUSED",
      { name: target.name, user: target.user, reason: reasonIn(said) },
      { cause: error },
    );
  }
}

const probe = (change: PasswordChange) => ({ command: cmd`true`, signal: change.signal });

/** Makes sure that the system does ask for a new password, and holds the dialog. */
async function asked(old: SshTarget, change: PasswordChange): Promise<string> {
  const usual = await exec(old, probe(change)).catch((error: unknown) => {
    if (isFault(error, "PASSWORD_EXPIRED")) return undefined;
    throw error;
  });
  if (!usual) return await converse(old, change);
  const { name, user } = old;
  throw new TpiError("PASSWORD_REFUSED", {
    name,
    user,
    reason: "the old one has not expired and is in force",
  });
}

/** Answers on a terminal until the other side closes it; gives all that was printed. */
async function converse(target: SshTarget, change: PasswordChange): Promise<string> {
  using shell = await opened(target, {
    what: "a terminal",
    signal: change.signal,
    open: (client) =>
      new Promise<ClientChannel>((resolve, reject) => {
        client.shell({ term: "dumb" }, (error, channel) => (error ? reject(error) : resolve(channel)));
      }),
  });
  const { channel } = shell;
  let said = "";
  let unread = "";
  let sent = 0;
  const closed = new Promise<void>((resolve) => void channel.once("close", resolve));
  channel.on("error", () => undefined); // the close that follows is what counts
  channel.stderr.resume();
  channel.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
    unread += chunk.toString("utf8");
    const next = turn(unread, sent);
    if (next.kind === "listen") return;
    if (next.kind === "refused") return void channel.destroy();
    unread = "";
    if (next.with === "new") sent += 1;
    channel.write(`${(next.with === "new" ? change.to : change.from).reveal()}\n`);
  });
  try {
    await abortable(closed, change.signal);
  } finally {
    channel.destroy();
  }
  return said;
}
