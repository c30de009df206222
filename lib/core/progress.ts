import type { createLogUpdate } from "log-update";
import { sizeText, timeText } from "./units.ts";

/** A piece of work that counts up. */
export interface Meter {
  /** Counts `amount` more bytes. */
  add(amount: number): void;
  /** Sets the bytes done so far, for work that reports totals. */
  at(done: number): void;
  /** Takes up work of which so much was done before: it counts as done, and not in rate and ETA. */
  from(done: number): void;
  /** A word about what it waits for, shown behind the bar. */
  note(text: string): void;
  /** Ends it; the line leaves the screen. */
  end(): void;
}

interface Track {
  readonly subject: string;
  readonly label: string;
  readonly total: number | undefined;
  /** Since when rate and ETA count, and what was done by then. */
  began: number;
  before: number;
  done: number;
  note: string;
  /** Where it stood and when, the last time a plain line said so. */
  said: { readonly quarter: number; readonly at: number };
}

const live = new Set<Track>();
const terminal = process.stderr.isTTY === true && !process.env.CI;
let screen: ReturnType<typeof createLogUpdate> | undefined;
let timer: NodeJS.Timeout | undefined;
let beat: NodeJS.Timeout | undefined;
let soon = false;

/** Prints a line on standard error, above the live bars where there are any. */
export function sayLine(subject: string, line: string): void {
  const text = subject ? `${subject.padEnd(8)} ${line}` : line;
  if (live.size > 0 && terminal) screen?.clear();
  process.stderr.write(`${text}\n`);
  if (live.size > 0 && terminal) draw();
}

/**
 * Starts a meter: a live line on a terminal; elsewhere a plain line at each quarter of 1 MB or more, every 15 s while
 * bytes move, and every 30 s while none does.
 */
export function meter(subject: string, label: string, total?: number): Meter {
  const began = Date.now();
  const said = { quarter: 0, at: began };
  const track: Track = { subject, label, total, began, before: 0, done: 0, note: "", said };
  live.add(track);
  show(track);
  if (!terminal) beat ??= setInterval(sayStill, 5_000).unref();
  return {
    add: (amount) => {
      track.done += amount;
      show(track);
    },
    at: (done) => {
      track.done = done;
      show(track);
    },
    from: (done) => {
      Object.assign(track, { done, before: done, began: Date.now() });
      track.said = { ...track.said, quarter: quarterOf(track) };
      show(track);
    },
    note: (text) => {
      track.note = text;
      show(track);
    },
    end: () => {
      live.delete(track);
      if (terminal) draw();
      else if (live.size === 0) quiet();
    },
  };
}

/** Off a terminal, says of meters that have not moved for long that they are still there. */
function sayStill(): void {
  const now = Date.now();
  for (const track of live) {
    if (now - track.said.at < 30_000) continue;
    track.said = { ...track.said, at: now };
    sayLine(track.subject, bar({ ...track, now, width: 0 }));
  }
}

function quiet(): void {
  clearInterval(beat);
  beat = undefined;
}

function show(track: Track): void {
  if (terminal) {
    if (!soon) drawAfter(100);
    soon = true;
    return;
  }
  const now = Date.now();
  const quarter = quarterOf(track);
  if (quarter <= track.said.quarter && now - track.said.at < 15_000) return;
  track.said = { quarter, at: now };
  sayLine(track.subject, bar({ ...track, now, width: 0 }));
}

/** What is done in a moment has no quarters to tell. */
const smallest = 1_000_000;

const quarterOf = ({ done, total }: Track): number =>
  total !== undefined && total >= smallest ? Math.floor((done / total) * 4) : 0;

function drawAfter(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(draw, ms).unref();
}

function draw(): void {
  soon = false;
  if (live.size === 0) {
    clearTimeout(timer);
    screen?.clear();
    return;
  }
  drawAfter(1000); // clocks go on where no byte moves
  if (!screen) return void openScreen();
  const now = Date.now();
  screen(
    [...live].map((track) => `${track.subject.padEnd(8)} ${bar({ ...track, now, width: 24 })}`).join("\n"),
  );
}

let opening: Promise<void> | undefined;

/** Draws as soon as it can: its 30 files are read only where there are bars to draw. */
function openScreen(): Promise<void> {
  opening ??= import("log-update").then(({ createLogUpdate }) => {
    screen = createLogUpdate(process.stderr);
    draw();
  });
  return opening;
}

/** One line about a meter: label, bar of `width` cells (none for 0), percent, bytes, rate, ETA, note. */
export function bar(at: Omit<Track, "subject" | "said"> & { now: number; width: number }): string {
  const moved = at.done - at.before;
  const rate = (moved / Math.max(at.now - at.began, 1)) * 1000;
  const parts = [at.label.padEnd(10)];
  if (at.total) {
    const part = Math.min(at.done / at.total, 1);
    const filled = Math.round(part * at.width);
    if (at.width > 0) parts.push("█".repeat(filled) + "░".repeat(at.width - filled));
    parts.push(`${Math.floor(part * 100)} %`.padStart(5), `${sizeText(at.done)} of ${sizeText(at.total)}`);
    if (moved > 0) parts.push(`${sizeText(rate)}/s`);
    if (moved > 0 && part < 1) parts.push(`ETA ${timeText(((at.total - at.done) / rate) * 1000)}`);
  } else {
    if (at.done > 0) parts.push(sizeText(at.done));
    parts.push(timeText(at.now - at.began));
  }
  if (at.note) parts.push(at.note);
  return parts.join("  ");
}
