/**
 * What syncing looks like: for a person a line for everything that happens, and on a terminal a bar in bytes and recordings at
 * the bottom; with `--json` every event of the engine as a document. A pause is said once, with its reason and its end.
 */
import { explanationText, type Recording, type RecordingLog } from "@holdfast/client";
import { type Clock, type CooldownReason, isDue } from "@holdfast/core";
import type { Account } from "../log/account.ts";
import { listen } from "../sync/listen.ts";
import type { Screen } from "./screen.ts";
import { barOf, clockTime, spaced } from "./words.ts";

const PAUSES: Readonly<Record<CooldownReason, string>> = {
  fair_use: "this account has used its share for now",
  backend_busy: "the server has no room now",
};

export interface SyncReportOptions {
  readonly screen: Screen;
  readonly clock: Clock;
  /** Before every line. */
  readonly prefix?: string;
  /** False where the line at the bottom belongs to somebody else. */
  readonly bar?: boolean;
}

export class SyncReport {
  readonly #account: Account;
  readonly #screen: Screen;
  readonly #clock: Clock;
  readonly #prefix: string;
  readonly #said = new Map<string, string>();
  readonly #hasBar: boolean;
  #pausedUntilMs = 0;
  #hasFailed = false;

  constructor(account: Account, { screen, clock, prefix = "", bar = true }: SyncReportOptions) {
    this.#account = account;
    this.#screen = screen;
    this.#clock = clock;
    this.#prefix = prefix;
    this.#hasBar = bar;
    account.engine.on((name, detail) => {
      if (name !== "changed") screen.json({ type: name, ...detail });
    });
    this.#listen();
    for (const log of account.log.logs) this.#watch(log);
  }

  /** A recording as a person knows it. */
  nameOf(id: string): string {
    const recording = this.#account.log.recordings.get(id);
    return recording === undefined ? id : recordingName(recording);
  }

  #listen(): void {
    const { engine, log } = this.#account;
    listen(engine, {
      changed: () => this.#bar(),
      local_upload_started: ({ walCount }) => this.#line(`sending ${recordings(walCount)}`),
      local_upload_batch: ({ walIds, outcome, reason }) => {
        const names = walIds.map((id) => this.nameOf(id)).join(", ");
        this.#hasFailed = outcome !== "accepted" && outcome !== "finished";
        if (outcome !== "limited" && outcome !== "paused" && outcome !== "cancelled") {
          this.#line(`${names}: ${ANSWERS[outcome] ?? outcome}${reason === null ? "" : ` (${spaced(reason)})`}`);
        }
      },
      pass_finished: ({ outcome }) => {
        this.#bar();
        if (outcome === "limited") return this.#pause();
        const { nextPassAtMs } = engine.status;
        if (outcome !== "failed" || nextPassAtMs === null) return;
        const what = this.#hasFailed ? "not everything could be sent" : "the server could not be asked";
        this.#line(`${what}; trying again at ${clockTime(nextPassAtMs, this.#clock.now())}`);
      },
      cooldown_started: () => this.#pause(),
      cooldown_ended: () => this.#line("the pause is over; going on"),
      reconcile_poll: ({ jobId, memberWalIds, outcome, serverStatus, processedSegments, totalSegments }) => {
        if (outcome !== "non_terminal") return;
        const reason = engine.jobs.get(jobId)?.reason ?? null;
        const counted = totalSegments ? ` ${processedSegments} of ${totalSegments} segments` : "";
        this.#once(
          jobId,
          memberWalIds,
          `${serverStatus}${counted}${reason === null ? "" : `, waits: ${spaced(reason)}`}`,
        );
      },
      reconcile_revert: ({ walId, outcome, reasonCode, serverError }) => {
        const recording = log.recordings.get(walId);
        const why = reasonCode ?? serverError ?? outcome;
        const next =
          recording !== undefined && isDue(recording) ? "it will be tried again" : "it is not tried again by itself";
        this.#line(`${this.nameOf(walId)}: the server could not process it (${spaced(why)}); ${next}`);
      },
      local_upload_outside_recovery_window: ({ retiredWalIds }) =>
        this.#line(`${recordings(retiredWalIds.length)} too old for the server`),
      conversations: ({ walIds, created, updated }) => {
        const names = walIds.map((id) => this.nameOf(id)).join(", ");
        this.#line(`${names}: done, ${[...created, ...updated].map((id) => `conversation ${id}`).join(", ")}`);
      },
      signed_out: ({ reason }) => this.#line(`the server does not take this token any more (${spaced(reason)})`),
    });
  }

  #watch(log: RecordingLog): void {
    log.on((event) => {
      if (event.type === "capture_stalled") {
        this.#line(
          `what is heard cannot be written now (${event.error.message}); it is held in memory and tried again`,
        );
      }
      if (event.type === "frames_lost") this.#line(`${event.lostFrames} frames of sound were lost for want of room`);
      if (event.type === "capture_resumed") this.#line("what is heard is written again");
      if (event.type === "space_low") {
        this.#line(`room runs out: ${Math.floor(event.freeBytes / 1_048_576)} MiB are left for recordings`);
      }
    });
  }

  #pause(): void {
    const { limit } = this.#account.engine.status;
    if (limit === null || limit.untilMs === this.#pausedUntilMs) return;
    this.#pausedUntilMs = limit.untilMs;
    const until = clockTime(limit.untilMs, this.#clock.now());
    this.#line(`paused until ${until}: ${PAUSES[limit.reason]} (${limit.reason}); it goes on by itself`);
  }

  #bar(): void {
    if (!this.#hasBar) return;
    const { progress } = this.#account.engine.status;
    this.#screen.live(progress === null ? "" : `${this.#prefix}${progressText(progress)}`);
  }

  #once(key: string, ids: readonly string[], text: string): void {
    if (this.#said.get(key) === text) return;
    this.#said.set(key, text);
    this.#line(`${ids.map((id) => this.nameOf(id)).join(", ")}: ${text}`);
  }

  #line(text: string): void {
    this.#screen.line(`${this.#prefix}${text}`);
  }
}

const ANSWERS: Readonly<Record<string, string>> = {
  accepted: "the server has it",
  finished: "the server has it, and is done with it",
  partial: "the server could not process all of it",
  too_old: "is too old for the server",
  rejected: "was refused",
  signed_out: "was not taken: the server does not take this token",
  unavailable: "the server does not take it now",
  unknown: "the server gave an answer that nobody knows",
};

export interface Progress {
  readonly recordings: { readonly done: number; readonly total: number };
  readonly bytes: { readonly sent: number; readonly total: number };
}

export function progressText({ recordings: count, bytes }: Progress): string {
  const share = bytes.total === 0 ? 1 : Math.min(1, bytes.sent / bytes.total);
  const mib = (value: number): string => (value / 1_048_576).toFixed(1);
  const percent = String(Math.round(share * 100)).padStart(3);
  return `${barOf(share)} ${percent} %  ${mib(bytes.sent)} of ${mib(bytes.total)} MiB, ${count.done} of ${count.total} recordings`;
}

export function recordingName({ originalName, startedAtMs }: Recording): string {
  return originalName ?? `recording of ${clockTime(startedAtMs, 0)}`;
}

/** What becomes of those that are not done when a command ends; undefined where there are none. */
export function keptText(account: Account): string | undefined {
  const kept = [...account.log.recordings.values()].filter(({ status }) => {
    return status === "in_progress" || status === "miss" || status === "uploaded";
  });
  if (kept.length === 0) return undefined;
  return `${recordings(kept.length)} not done yet, kept in ${account.folders.folder}; \`holdfast sync\` or the next command goes on with ${kept.length === 1 ? "it" : "them"}`;
}

/** Why a recording is where it is, as one line. */
export function explainedLine(account: Account, recording: Recording, nowMs: number): string {
  const explanation = account.engine.explain(recording.id);
  const text = explanation === null ? "" : explanationText(explanation, (atMs) => `at ${clockTime(atMs, nowMs)}`);
  return `${recording.id.slice(0, 12)}  ${recordingName(recording)}: ${text}`;
}

function recordings(count: number): string {
  return `${count} recording${count === 1 ? "" : "s"}`;
}
