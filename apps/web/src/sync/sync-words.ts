/**
 * Syncing in words: the status card, the rows and the sentence that says why a recording waits and what comes next. The codes
 * come from core; only here do they become English. A pause never reads as "ready", whatever its reason is.
 */
import type { SyncStatus } from "@holdfast/client";
import type { DisplayState, ExplainedNext, Explanation } from "@holdfast/core";
import { fileSize } from "../shell/amounts.ts";
import { whyWords } from "./why-words.ts";

/** Unix milliseconds as the words of a moment: `at 2:32 PM`. */
export type Moment = (atMs: number) => string;

/** What a line is about: colours follow it. */
export type Tone = "normal" | "warning" | "muted" | "bad";

export interface CardWords {
  readonly title: string;
  readonly line: string;
  readonly tone: Tone;
}

export function cardWords(status: SyncStatus, moment: Moment): CardWords {
  const { card, counts } = status;
  const { resumesAtMs } = card;
  const again = resumesAtMs === null ? "It goes on by itself." : `It goes on by itself ${moment(resumesAtMs)}.`;
  const say = (title: string, line: string, tone: Tone): CardWords => ({ title, line, tone });
  switch (card.state) {
    case "downloading":
      return say("Fetching recordings from the device", "", "normal");
    case "waiting_internet":
      return say(
        "No internet connection",
        `${recordings(counts.pending)} kept here. They go up as soon as it is back.`,
        "warning",
      );
    case "uploading":
      return say("Sending to the server", progressWords(status), "normal");
    case "working":
      return say("The server is working", "", "normal");
    case "limited_fair_use":
      return say("Paused: your upload limit is reached", `${again} Everything is kept here until then.`, "warning");
    case "limited_busy":
      return say("Paused: the server is busy", `${again} Everything is kept here until then.`, "warning");
    case "processing":
      return say("The server is working on it", "This goes on without you; you may leave the page.", "normal");
    case "attention":
      return say(
        `${recordings(counts.attention)} ${one(counts.attention) ? "needs" : "need"} you`,
        readyLine(counts.waiting + counts.retrying),
        "warning",
      );
    case "ready":
      return say(`${recordings(counts.waiting + counts.retrying)} ready to sync`, "", "normal");
    case "all_synced":
      return say(
        "Everything is synced",
        counts.total === 0 ? "What you record is kept here until the server has it." : "",
        "muted",
      );
    default:
      return card.state satisfies never;
  }
}

function progressWords({ progress }: SyncStatus): string {
  if (progress === null) return "";
  const { recordings: files, bytes } = progress;
  return `${counted(files.done)} of ${recordings(files.total)}, ${fileSize(bytes.sent)} of ${fileSize(bytes.total)}`;
}

function readyLine(waiting: number): string {
  return waiting === 0 ? "They are marked in the list below." : `${recordings(waiting)} more ready to sync.`;
}

export interface RowWords {
  readonly text: string;
  readonly tone: Tone;
}

/** What a row says below its time (reference client-sync 7.2.10). */
const ROWS: Readonly<Record<DisplayState, RowWords>> = {
  waiting: { text: "Waiting", tone: "muted" },
  syncing: { text: "Being sent", tone: "normal" },
  uploaded: { text: "Sent, the server works on it", tone: "muted" },
  synced: { text: "In a conversation", tone: "muted" },
  retrying: { text: "Not processed, tried again", tone: "warning" },
  failed: { text: "Failed", tone: "bad" },
  corrupted: { text: "The file is gone", tone: "bad" },
  too_old: { text: "Too old", tone: "bad" },
  unsupported_audio: { text: "Not usable", tone: "bad" },
  upload_rejected: { text: "Refused", tone: "bad" },
};

export function rowWords(state: DisplayState): RowWords {
  return ROWS[state];
}

/** Why it is where it is, and what happens next and when. */
export function explainWords(explanation: Explanation, moment: Moment): string {
  const next = nextWords(explanation, moment);
  const { why } = explanation;
  return why === null ? `${next}.` : `${sentence(whyWords(why))}. ${next}.`;
}

function nextWords({ next, atMs }: Explanation, moment: Moment): string {
  const at = atMs === null ? "" : ` ${moment(atMs)}`;
  const words: Readonly<Record<ExplainedNext, string>> = {
    sealed_when_full: "It is being recorded, and goes when it is a minute long or the recording ends",
    sends_live: "The live connection delivers it",
    sends_now: "It goes now",
    sends_in_turn: "It goes when its turn comes",
    sends_when_online: "It goes when the connection is back",
    sends_after_pause: atMs === null ? "It goes when the pause is over" : `It goes when the pause is over,${at}`,
    sends_after_sign_in: "It goes when you have signed in again",
    sends_when_asked: "It goes when you press Sync",
    tries_again: `The next try is${at}`,
    asks_server: atMs === null ? "The server is asked again soon" : `The server is asked again${at}`,
    nothing: "Nothing more happens; the copy here stays",
    copy_removed: `The copy here is removed${at}`,
    person_retries: "Try it again, or delete it",
    person_deletes: "It can only be deleted",
  };
  return words[next];
}

export interface DeleteWords {
  readonly title: string;
  readonly text: string;
  readonly action: string;
}

export function deleteWords(state: DisplayState, loses: boolean): DeleteWords {
  if (!loses) {
    const text =
      state === "corrupted"
        ? "Its sound is gone already; only the entry is removed."
        : "The conversation stays. Only the copy of the sound on this device is removed.";
    return { title: "Delete this copy?", text, action: "Delete" };
  }
  if (state === "uploaded") {
    return {
      title: "Delete while the server works on it?",
      text: "The server has it, but it is no conversation yet. If that fails, this copy would have been the only one. This cannot be undone.",
      action: "Delete it nevertheless",
    };
  }
  return {
    title: "Delete sound that no conversation has?",
    text: "It is only on this device. When it is deleted, what was said in it is lost. This cannot be undone.",
    action: "Delete it for good",
  };
}

/** The sign in the header: null where nothing waits and nobody is needed. */
export function signWords({ card, counts }: SyncStatus): { readonly text: string; readonly tone: Tone } | null {
  if (counts.attention > 0)
    return { text: `${recordings(counts.attention)} ${one(counts.attention) ? "needs" : "need"} you`, tone: "bad" };
  const waits = counts.pending;
  if (waits === 0) return null;
  const isPaused = card.state === "limited_busy" || card.state === "limited_fair_use";
  return {
    text: `${recordings(waits)} on the way${isPaused ? ", paused" : ""}`,
    tone: isPaused ? "warning" : "normal",
  };
}

export function createdWords(count: number): string {
  return one(count) ? "1 conversation was created" : `${counted(count)} conversations were created`;
}

export function recordings(count: number): string {
  return `${counted(count)} ${one(count) ? "recording" : "recordings"}`;
}

function one(count: number): boolean {
  return new Intl.PluralRules("en").select(count) === "one";
}

function counted(count: number): string {
  return new Intl.NumberFormat().format(count);
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
