/**
 * Waiting for recordings to be settled: each is part of a conversation, or only a person can help. Without `wait` it is enough
 * that the server has them. The patience is with a server that gives no news: a pause that it announced and a place in its
 * queue are news, an error is not, and where it asks for more time than the patience has the end comes at once.
 */
import { HoldfastError } from "@holdfast/contract";
import { type Clock, type DisplayState, sleep } from "@holdfast/core";
import { EXIT, type ExitCode, ExitError } from "../exit-codes.ts";
import type { Account } from "../log/account.ts";
import type { EngineView } from "./engine-view.ts";

export interface SettleOptions {
  readonly account: Account;
  readonly view: EngineView;
  readonly clock: Clock;
  /** False: until the server has them. */
  readonly wait: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called again and again; while it gives true there is more to come. */
  readonly isGrowing?: () => boolean;
}

const LOOK_MS = 100;

/**
 * `ids` is asked anew each time. Throws HoldfastError of class `auth`, `unreachable`,
 * `gave_up_waiting`, or ExitError `interrupted`.
 */
export async function settle(ids: () => readonly string[], options: SettleOptions): Promise<void> {
  const { account, view, clock, wait, timeoutMs, signal } = options;
  const { engine } = account;
  using _attending = engine.attend();
  let newsMs = clock.now();
  let known = "";
  for (;;) {
    const open = ids().filter((id) => !isSettled(view.displayOf(id), wait));
    if (open.length === 0 && options.isGrowing?.() !== true) return;
    if (signal.aborted) throw new ExitError("interrupted", EXIT.interrupted);
    const { limit, signedOut, nextPassAtMs, progress } = engine.status;
    if (signedOut !== null) throw signInRefused(signedOut);
    const news = open.map((id) => [id, view.displayOf(id), engine.jobs.get(view.jobIdOf(id) ?? "")?.changedAtMs]);
    const now = JSON.stringify([news, progress?.bytes.sent]);
    const isPaused = limit !== null || (view.isQueued(open) && !view.isSilent);
    if (now !== known || isPaused || open.length === 0) newsMs = clock.now();
    known = now;
    const isUnsent = open.some((id) => view.displayOf(id) !== "uploaded");
    const untilMs = newsMs + timeoutMs;
    const comesTooLate = isUnsent && !isPaused && nextPassAtMs !== null && nextPassAtMs > untilMs;
    if (clock.now() >= untilMs || comesTooLate) throw gaveUp(view);
    await sleep(clock, LOOK_MS, signal);
  }
}

/** Nothing more comes of it by itself, or not what is waited for. */
export function isSettled(state: DisplayState | undefined, wait: boolean): boolean {
  switch (state) {
    case "waiting":
    case "syncing":
    case "retrying":
      return false;
    case "uploaded":
      return !wait;
    case "synced":
    case "failed":
    case "corrupted":
    case "too_old":
    case "unsupported_audio":
    case "upload_rejected":
    // It was removed meanwhile.
    case undefined:
      return true;
    default:
      return state satisfies never;
  }
}

/** How a command ends for a recording in this state. */
export function exitOf(state: DisplayState | undefined): ExitCode {
  switch (state) {
    case "failed":
    case "unsupported_audio":
      return EXIT.jobFailed;
    case "too_old":
    case "upload_rejected":
      return EXIT.rejected;
    case "corrupted":
      return EXIT.failure;
    case "waiting":
    case "syncing":
    case "retrying":
      return EXIT.gaveUp;
    case "uploaded":
    case "synced":
    case undefined:
      return EXIT.ok;
    default:
      return state satisfies never;
  }
}

function signInRefused(code: string): HoldfastError {
  return new HoldfastError("the server does not take this token", { code, class: "auth", scope: "account" });
}

function gaveUp({ isSilent, trouble }: EngineView): HoldfastError {
  if (isSilent) {
    const about = { code: "unreachable", class: "transport", scope: "service" } as const;
    return new HoldfastError("the server does not answer; waiting was given up", about);
  }
  const why = trouble === null ? "the server is still at work" : `the server is not ready (${trouble})`;
  const about = { code: "gave_up_waiting", class: "capacity", scope: "service" } as const;
  return new HoldfastError(`${why}; waiting was given up`, about);
}
