import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { findings } from "../../lib/check/rules.ts";
import { at, type Case, judged, root } from "./ruling.ts";
import { sketched } from "./tree.ts";

const own = "/etc/systemd/system/own.service";
const plain = "[Unit]\nDescription=x\n[Service]\nExecStart=/bin/sh\n";
const unit = (lines: string): string => `${plain}${lines}\n`;
const installed = (name: string): string => `${plain}[Install]\nWantedBy=${name}\n`;
const wants = "/etc/systemd/system/multi-user.target.wants/own.service";
const link = { link: "/etc/systemd/system/own.service" };

const cases: readonly Case[] = [
  {
    title: "a unit that is enabled for a target that is not there",
    rule: "unit-needs",
    says: /WantedBy=multi-users\.target/,
    ...at(own, installed("multi-users.target"), installed("multi-user.target")),
  },
  {
    title: "an enable link of a target that is not there",
    rule: "enable-links",
    says: /no such target/,
    bad: root({ [own]: plain, "/etc/systemd/system/gone.target.wants/own.service": link }),
    good: root({ [own]: plain, [wants]: link }),
  },
  {
    title: "a unit that requires one that is not there",
    rule: "unit-needs",
    says: /Requires=postgresql\.service/,
    ...at(
      own,
      plain.replace("x\n", "x\nRequires=postgresql.service\n"),
      plain.replace("x\n", "x\nRequires=ssh.service\nWants=gone.service\n"),
    ),
  },
  {
    title: "a timer without its service",
    rule: "unit-needs",
    says: /starts own\.service/,
    bad: root({ "/etc/systemd/system/own.timer": "[Timer]\nOnBootSec=5min\n" }),
    good: root({
      "/etc/systemd/system/own.timer": "[Timer]\nOnBootSec=5min\n",
      "/etc/systemd/system/other.timer": "[Timer]\nOnBootSec=5min\nUnit=ssh.service\n",
      [own]: plain,
    }),
  },
  {
    title: "a unit that starts in a folder that is not there",
    rule: "unit-needs",
    says: /WorkingDirectory= in \/opt\/hive/,
    bad: root({ [own]: unit("WorkingDirectory=/opt/hive") }),
    good: root({ [own]: unit("WorkingDirectory=/opt/hive"), "/opt/hive/main.py": "" }),
  },
  {
    title: "a log in a folder that nobody makes",
    rule: "unit-needs",
    says: /StandardOutput= in \/var\/log\/hive/,
    ...at(
      own,
      unit("StandardOutput=append:/var/log/hive/own.log"),
      unit("StandardOutput=append:/var/log/hive/own.log\nLogsDirectory=hive"),
    ),
  },
  {
    title: "two units of one name, of which one is never read",
    rule: "unit-shape",
    says: /never read/,
    bad: root({ [own]: plain, "/usr/local/lib/systemd/system/own.service": plain }),
    good: root({ [own]: plain, "/usr/local/lib/systemd/system/other.service": plain }),
  },
  {
    title: "a program that is looked for in vain in all folders",
    rule: "unit-files",
    says: /starts python4, which is not in the image$/,
    ...at(own, unit("ExecStartPre=python4 x"), unit("ExecStartPre=sh x")),
  },
  {
    title: "a drop-in with a word that systemd does not know",
    rule: "unit-settings",
    says: /own\.service\.d\/x\.conf says Restrat=/,
    ...at(`${own}.d/x.conf`, "[Service]\nRestrat=always\n", "[Service]\nRestart=always\nX-Own=1\n"),
  },
];
judged(cases);

const folder = mkdtempSync(path.join(tmpdir(), "tpi-units-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const analyze = "/usr/bin/systemd-analyze";

const verdicts: readonly (readonly [lines: string, rule: string | undefined])[] = [
  ["Type=onshot", "unit-settings"],
  ["Type=oneshot\nRemainAfterExit=yes", undefined],
  ["Restart=allways", "unit-settings"],
  ["Restart=on-failure\nRestartSec=5 seconds\nTimeoutStartSec=1min 30s", undefined],
  ["RestartSec=soon", "unit-settings"],
  ["KillMode=all", "unit-settings"],
  ["KillMode=mixed\nUMask=0077\nProtectSystem=full", undefined],
  ["RemainAfterExit=ja", "unit-settings"],
  ["UMask=9", "unit-settings"],
  ["NotifyAccess=some", "unit-settings"],
  ["StandardOutput=log", "unit-settings"],
  ["StandardOutput=journal+console\nStandardError=append:/tmp/log", undefined],
  ["Typ=simple", "unit-settings"],
  ["WantedBy=multi-user.target", "unit-settings"],
  ["StartLimitIntervalSec=3", "unit-settings"],
  ["[Services]\nUser=root", "unit-settings"],
  ["[X-Own]\nUser=root", undefined],
  ["[Install]\nWantedBy=multi-user.target", undefined],
  ["Type=oneshot\nRestart=always", "unit-shape"],
  ["Type=oneshot\nExecStart=/bin/sh", undefined],
  ["ExecStart=/bin/sh", "unit-shape"],
  ["Type=dbus", "unit-shape"],
  ["ExecStart=", "unit-shape"],
  ["ExecStart=\nExecStart=-/bin/sh -c x", undefined],
  ["ExecStart=\nExecStart=bin/sh", "unit-files"],
  ["ExecStart=\nExecStart=sh", undefined],
];

for (const [lines, rule] of verdicts) {
  const said = JSON.stringify(lines);
  test(`a service with ${said} is ${rule === undefined ? "fine" : "found wrong"}, and systemd says so too`, async (t) => {
    const found = (await findings(sketched(root({ [own]: unit(lines) })))).map((one) => one.rule);
    assert.deepEqual([...new Set(found)], rule === undefined ? [] : [rule]);
    if (!existsSync(analyze)) return t.diagnostic("there is no systemd-analyze here to agree with");
    const file = path.join(folder, "own.service");
    writeFileSync(file, unit(lines).replaceAll("/bin/sh", "/usr/bin/true"));
    const ran = await promisify(execFile)(analyze, ["verify", "--man=no", file]).catch(
      (error: unknown) => error,
    );
    const { stderr } = ran as { stderr: string }; // execFile's own, failed or not
    const about = stderr.split("\n").filter((line) => line.includes("own.service"));
    assert.equal(about.length > 0, rule !== undefined, stderr);
  });
}
