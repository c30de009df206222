import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { base } from "../../lib/base.ts";
import { isFault } from "../../lib/core/fault.ts";
import { scratch } from "../../lib/core/scratch.ts";
import { image } from "../../lib/image.ts";
import { trial } from "../../lib/trial.ts";

const built = await base().build();
const folder = await scratch("trial-test");
process.env.TPI_TEMP = folder.path;
after(() => folder[Symbol.asyncDispose]());

const unit =
  "[Unit]\nDescription=hello\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n";
const hello = image(built.path)
  .hostname("tried")
  .write("/etc/systemd/system/hello.service", unit)
  .services({ enable: ["hello.service"] })
  .firstBoot("greet", "echo hello > /var/lib/greeting");

const running = () =>
  readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(folder.path))
    .map(commandOf);

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return ""; // it has just ended
  }
}

test("an image on trial boots twice and is as it was described; nothing of its board is left", async (t) => {
  const report = await trial(hello).boot({ units: ["hello.service", "ssh.service"] });
  t.diagnostic(report.verdicts.map(({ what, found }) => `${what}: ${found}`).join("\n"));
  assert.match(report.os, /^Debian GNU\/Linux/);
  assert.ok(report.verdicts.every(({ fine }) => fine));
  const said = report.verdicts.map(({ what }) => what);
  for (const when of ["first boot", "second boot"]) {
    for (const what of [
      "the host name is tried",
      "the address is 10.10.88.71",
      "cloud-init is done",
      "hello.service is active",
      "the list of failed units is empty",
    ])
      assert.ok(said.includes(`${when}: ${what}`), `${when}: ${what} was not asked`);
  }
  assert.ok(said.includes("first boot: its commands are done"));
  assert.deepEqual(running(), []);
});

test("an image on trial is told by name what is not as it should be", async () => {
  const broken = image(built.path)
    .write("/etc/systemd/system/broken.service", unit.replace("/bin/true", "/bin/false"))
    .services({ enable: ["broken.service"] });
  await assert.rejects(
    async () => await trial(broken).boot({ units: ["broken.service"], again: false }),
    (error) =>
      isFault(error, "TRIAL_FAILED") &&
      error.details.failed.some(
        (one) => one === "first boot: broken.service should be active, and is failed",
      ) &&
      error.details.failed.some(
        (one) => one === "first boot: the list of failed units should be empty, and is broken.service",
      ),
  );
  assert.deepEqual(running(), []);
});
