/**
 * Syncing in words: the status card, the rows and the sentence that says why a recording waits and what comes next. The codes
 * come from core; only here do they become messages. A pause never reads as "ready", whatever its reason is.
 */
import type { SyncStatus } from "@holdfast/client";
import type { DisplayState, ExplainedNext, Explanation } from "@holdfast/core";
import { fileSize, moment } from "../i18n/amounts.ts";
import { type Message, type MessageId, message, sentences } from "../i18n/message.ts";
import { whyWords } from "./why-words.ts";

/** What a line is about: colours follow it. */
export type Tone = "normal" | "warning" | "muted" | "bad";

export interface CardWords {
  readonly title: Message;
  readonly line: Message | null;
  readonly tone: Tone;
}

export function cardWords(status: SyncStatus, nowMs: number): CardWords {
  const { card, counts } = status;
  const say = (title: Message, line: Message | null, tone: Tone): CardWords => ({ title, line, tone });
  switch (card.state) {
    case "downloading":
      return say(message("sync.card.downloading"), null, "normal");
    case "waiting_internet":
      return say(
        message("sync.card.waiting_internet"),
        message("sync.card.waiting_internet.line", { count: counts.pending }),
        "warning",
      );
    case "uploading":
      return say(message("sync.card.uploading"), progressWords(status), "normal");
    case "working":
      return say(message("sync.card.working"), null, "normal");
    case "limited_fair_use":
    case "limited_busy":
      return say(message(`sync.card.${card.state}`), resumeWords(card.resumesAtMs, nowMs), "warning");
    case "processing":
      return say(message("sync.card.processing"), message("sync.card.processing.line"), "normal");
    case "attention":
      return say(
        message("sync.card.attention", { count: counts.attention }),
        readyLine(counts.waiting + counts.retrying),
        "warning",
      );
    case "ready":
      return say(message("sync.card.ready", { count: counts.waiting + counts.retrying }), null, "normal");
    case "all_synced":
      return say(
        message("sync.card.all_synced"),
        counts.total === 0 ? message("sync.card.all_synced.line") : null,
        "muted",
      );
    default:
      return card.state satisfies never;
  }
}

function resumeWords(atMs: number | null, nowMs: number): Message {
  return atMs === null
    ? message("sync.card.limited.line")
    : message("sync.card.limited.line_at", { ...moment(atMs, nowMs) });
}

function progressWords({ progress }: SyncStatus): Message | null {
  if (progress === null) return null;
  const { recordings: files, bytes } = progress;
  return message("sync.card.uploading.line", {
    ...{ done: files.done, total: files.total },
    ...{ sent: fileSize(bytes.sent), size: fileSize(bytes.total) },
  });
}

function readyLine(waiting: number): Message {
  return waiting === 0
    ? message("sync.card.attention.line")
    : message("sync.card.attention.line_ready", { count: waiting });
}

/** Why the last try did not work, and when the next one is. */
export function problemWords(problem: string, nextAtMs: number | null, nowMs: number): Message {
  const words = message("sync.card.problem", { why: whyWords(problem) });
  return nextAtMs === null ? words : sentences(words, message("sync.card.next_try", { ...moment(nextAtMs, nowMs) }));
}

const ROW_TONES: Readonly<Record<DisplayState, Tone>> = {
  waiting: "muted",
  syncing: "normal",
  uploaded: "muted",
  synced: "muted",
  retrying: "warning",
  failed: "bad",
  corrupted: "bad",
  too_old: "bad",
  unsupported_audio: "bad",
  upload_rejected: "bad",
};

export interface RowWords {
  readonly text: MessageId;
  readonly tone: Tone;
}

/** What a row says below its time (reference client-sync 7.2.10). */
export function rowWords(state: DisplayState): RowWords {
  return { text: `sync.row.${state}`, tone: ROW_TONES[state] };
}

/** Why it is where it is, and what happens next and when. */
export function explainWords({ why, next, atMs }: Explanation, nowMs: number): Message {
  const nextWords = nextMessage(next, atMs, nowMs);
  return why === null ? nextWords : sentences(whyWords(why), nextWords);
}

function nextMessage(next: ExplainedNext, atMs: number | null, nowMs: number): Message {
  switch (next) {
    case "sends_after_pause":
    case "tries_again":
    case "asks_server":
    case "copy_removed":
      return atMs === null ? message(`sync.next.${next}`) : message(`sync.next.${next}_at`, { ...moment(atMs, nowMs) });
    case "sealed_when_full":
    case "sends_live":
    case "sends_now":
    case "sends_in_turn":
    case "sends_when_online":
    case "sends_after_sign_in":
    case "sends_when_asked":
    case "nothing":
    case "person_retries":
    case "person_deletes":
      return message(`sync.next.${next}`);
    default:
      return next satisfies never;
  }
}

export interface DeleteWords {
  readonly title: MessageId;
  readonly text: MessageId;
  readonly action: MessageId;
}

export function deleteWords(state: DisplayState, loses: boolean): DeleteWords {
  if (!loses) {
    return {
      title: "sync.delete.copy",
      text: state === "corrupted" ? "sync.delete.copy.corrupted" : "sync.delete.copy.text",
      action: "sync.delete.copy.confirm",
    };
  }
  const what = state === "uploaded" ? "uploaded" : "only";
  return { title: `sync.delete.${what}`, text: `sync.delete.${what}.text`, action: `sync.delete.${what}.confirm` };
}

/** The sign in the header: null where nothing waits and nobody is needed. */
export function signWords({ card, counts }: SyncStatus): { readonly text: Message; readonly tone: Tone } | null {
  if (counts.attention > 0) return { text: message("sync.sign.attention", { count: counts.attention }), tone: "bad" };
  const count = counts.pending;
  if (count === 0) return null;
  const isPaused = card.state === "limited_busy" || card.state === "limited_fair_use";
  return isPaused
    ? { text: message("sync.sign.paused", { count }), tone: "warning" }
    : { text: message("sync.sign.pending", { count }), tone: "normal" };
}
