import { type Command, cmd, type Part } from "../core/cmd.ts";
import { digestOf } from "../core/digest.ts";
import { plannedAnew, planning } from "../core/plan.ts";
import { type Step, step } from "../core/step.ts";
import { forced, type Journal } from "../journal.ts";
import { refuseFailure, type Ssh } from "../ssh.ts";

/** Commands as a template, every part quoted. */
export type Once = (pieces: TemplateStringsArray, ...parts: readonly Part[]) => Step<void>;

/** On which node a piece of set-up is done, and under what name it is known there. */
interface Place {
  readonly label: string;
  readonly far: () => Ssh;
  readonly journal: Journal;
  readonly name: string;
}

/** Where a node keeps the digests of what was done to it, a file for each name: a new system has none. */
const folder = "/var/lib/tpi/once";

/** How long a node may take to say what was done to it, before it counts as not having said so. */
const patience = 8_000;

/** The template tag for a piece of set-up; a `TypeError` for a name that is none for a file. */
export function onceOn(place: Place): Once {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(place.name)) {
    throw new TypeError(`"${place.name}" is no name for once(): a-z, 0-9, dots, dashes, 64 at most`);
  }
  return (pieces, ...parts) => onceStep(place, cmd(pieces, ...parts));
}

function onceStep({ label, far, journal, name }: Place, work: Command): Step<void> {
  const digest = digestOf({ name, text: work.text });
  const file = `${folder}/${name}`;
  const entry = { node: label, step: `once:${name}`, phase: "post_installation", digest } as const;
  const shown = `${name}: sudo ${work.shown}`;
  return step<void>({
    label: `${name} on ${label}`,
    subject: label,
    moves: [{ kind: "once", subject: label, text: shown }],
    depends: { digest },
    standIn: () => undefined,
    settled: async ({ signal }) => {
      if (forced("once") || plannedAnew(label)) return undefined;
      const limited = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
      const { stdout } = await far().exec(cmd`sudo -n cat ${file}`, { signal: limited });
      if (stdout !== digest) return undefined;
      const why = "it was done with the same words already (asked over SSH)";
      if (!planning()) await journal.skip(entry, { why });
      return { why, value: undefined };
    },
    perform: (doing) =>
      doing.move("once", () =>
        journal.recorded(entry, async () => {
          const { signal } = doing;
          const command = { text: done(work.text, { file, digest }), shown: `sudo ${work.shown}` };
          refuseFailure({ where: label, command }, await far().exec(command, { signal }));
          return { value: undefined };
        }),
      ),
  });
}

/** The work, and after it, once all that it wrote is on the disk, its digest: in place by one move. */
function done(work: string, { file, digest }: { file: string; digest: string }): string {
  const draft = `${file}.new`;
  const mark = cmd`umask 077 && mkdir -p ${folder} && sync && printf %s ${digest} > ${draft} && mv ${draft} ${file} && sync`;
  const forget = cmd`rm -f ${file}`; // from its first word on, the node is no longer as the digest says
  return cmd`sudo -n sh -c ${forget.text} && sudo -n sh -c ${work} && sudo -n sh -c ${mark.text}`.text;
}
