import { setTimeout as pause } from "node:timers/promises";
import { all } from "../core/all.ts";
import { TpiError } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import type { Doing } from "../core/step.ts";
import { flash } from "../flash.ts";
import type { Image } from "../image.ts";
import type { Node } from "../node.ts";
import { firstBootLines, firstBootPaths } from "../os.ts";
import type { TrialReport, TrialWords } from "../trial.ts";
import { type Stand, stand } from "./stand.ts";
import { type Answers, firstBootVerdict, lastLines, verdicts } from "./verdicts.ts";

interface Job {
  readonly words: TrialWords & { readonly again: boolean; readonly units: readonly string[] };
  readonly doing: Doing;
}

/** Boots an image on a stand of its own, and asks it. */
export async function perform(image: Image, { words, doing }: Job): Promise<TrialReport> {
  await using place: Stand = await doing.move("start", () => stand(image, words.login));
  const node = place.desk.node(1);
  const { login, publicKey } = place;
  const admitted = publicKey ? image.user(login.user, { keys: publicKey, sudo: "nopasswd" }) : image;
  const own = admitted.for(node);
  const works = await own.exists(firstBootPaths.unit);
  const before = await node.console.mark();
  await doing.move("flash", async () => await flash(own).to(node));
  const { up, line } = await doing.move("boot", () =>
    all({
      up: node.ready(),
      line: works ? node.console.until(firstBootLine, before).timeout("15m") : nothing,
    }),
  );
  const wanted = { hostname: node.hostname, address: node.address };
  const first = await doing.move("ask", () => answersOf(node, words.units));
  const found = [
    ...(works ? [firstBootVerdict(line)] : []),
    ...verdicts(first, { wanted, when: "first boot" }),
  ];
  if (words.again) {
    const second = await doing.move("reboot", () => rebooted(node, { units: words.units, scope: doing }));
    found.push(...verdicts(second, { wanted, when: "second boot" }));
  }
  const failed = found.filter(({ fine }) => !fine).map(({ wrong }) => wrong);
  if (failed.length > 0) {
    const said = await node.console.text().then(lastLines, () => ""); // the verdict stands without it
    throw new TpiError("TRIAL_FAILED", { image: image.name, failed, console: said });
  }
  return { os: up.os, verdicts: found };
}

const firstBootLine = new RegExp(`(${firstBootLines.done}|${firstBootLines.failed} [^\\r\\n]+)`);
const nothing = Promise.resolve("");

async function answersOf(node: Node, names: readonly string[]): Promise<Answers> {
  const hostname = await node.sh`hostname`.text();
  const addresses = await node.sh`ip -o addr show scope global`.text();
  const cloud = await node.sh`command -v cloud-init >/dev/null && cloud-init status --wait --long`.nothrow();
  await node.sh`systemctl is-system-running --wait`.nothrow(); // until nothing is on its way any more
  const units: Answers["units"][number][] = [];
  for (const name of names)
    units.push({ name, state: (await node.sh`systemctl is-active ${name}`.nothrow()).stdout.trim() });
  const failed = await node.sh`systemctl list-units --state=failed --no-legend --plain`.text();
  return { hostname, addresses, cloudInit: cloud.stdout, units, failed };
}

/** Reboots, and asks once the system that answers is another boot's. */
async function rebooted(node: Node, of: { units: readonly string[]; scope: Scope }): Promise<Answers> {
  const bootId = () => node.sh`cat /proc/sys/kernel/random/boot_id`.text();
  const before = await bootId();
  const { code } = await node.sh`sudo -n systemctl --no-block reboot`.nothrow();
  if (code !== 0) await node.reset(); // a user who may not is no reason not to see the second boot
  for (;;) {
    await node.ready();
    const now = await bootId().then(
      (id) => id,
      () => before, // it went down between the two questions
    );
    if (now !== before) return await answersOf(node, of.units);
    await pause(1000, undefined, { signal: of.scope.signal });
  }
}
