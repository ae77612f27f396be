/**
 * English words for what `explain` says, for surfaces without a catalogue of their own (the command line, a log). A user
 * interface takes the codes and says it in its own language.
 */
import type { Explanation } from "@holdfast/core";

/** One sentence: where the recording is, why, and what happens next. `time` turns Unix milliseconds into words. */
export function explanationText(explanation: Explanation, time: (atMs: number) => string): string {
  const because = explanation.why === null ? "" : ` (${explanation.why.replaceAll("_", " ")})`;
  return `${stateText(explanation)}${because}; ${nextText(explanation, time)}`;
}

function stateText({ state }: Explanation): string {
  switch (state) {
    case "waiting":
      return "waits to be sent";
    case "syncing":
      return "is being sent";
    case "uploaded":
      return "is at the server, which works on it";
    case "synced":
      return "is part of a conversation";
    case "retrying":
      return "could not be processed and will be tried again";
    case "failed":
      return "could not be processed";
    case "corrupted":
      return "has lost its file";
    case "too_old":
      return "is too old for the server";
    case "unsupported_audio":
      return "holds sound that cannot be used";
    case "upload_rejected":
      return "was refused by the server";
    default:
      return state satisfies never;
  }
}

function nextText({ next, atMs }: Explanation, time: (atMs: number) => string): string {
  const at = atMs === null ? "" : ` ${time(atMs)}`;
  switch (next) {
    case "sealed_when_full":
      return "it goes when it is a minute long or recording ends";
    case "sends_live":
      return "the live connection delivers it";
    case "sends_now":
      return "it goes now";
    case "sends_in_turn":
      return "it goes when its turn comes";
    case "sends_when_online":
      return "it goes when the network is back";
    case "sends_after_pause":
      return `it goes after the pause${atMs === null ? "" : `, which ends${at}`}`;
    case "sends_after_sign_in":
      return "it goes after the next sign-in";
    case "sends_when_asked":
      return "it goes when you ask for it";
    case "tries_again":
      return `the next try is${at}`;
    case "asks_server":
      return atMs === null ? "the server is asked again" : `the server is asked again${at}`;
    case "nothing":
      return "nothing more happens";
    case "copy_removed":
      return `the local copy is removed${at}`;
    case "person_retries":
      return "ask for another try, or delete it";
    case "person_deletes":
      return "it can only be deleted";
    default:
      return next satisfies never;
  }
}
