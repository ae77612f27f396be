/**
 * What the sync engine needs of a recording log. The real one is `RecordingLog`; a test may bring a smaller one. Every promise
 * resolves when the change would survive the end of the process, and not before.
 */
import type { RecordingEvent } from "@holdfast/core";
import type { Recording } from "../log/recording.ts";

/** The bytes of one recording as they are uploaded. */
export interface UploadContent {
  /** `.bin` name for frames, which tells the server codec, rate and start; the file's own name for ordinary sound. */
  readonly name: string;
  /** Frames that the server acknowledged live are left out, and the start in the name is moved by them. */
  readonly content: Blob;
}

export interface SyncLog {
  /** Recordings of this account, in no particular order. The map changes as the log does. */
  readonly recordings: ReadonlyMap<string, Recording>;
  /** Steps each recording by its event and keeps the outcome. Ids that are unknown are passed over. */
  apply(events: readonly (readonly [id: string, event: RecordingEvent])[]): Promise<void>;
  /** Resolves when every change so far would survive a loss of power. */
  sync(): Promise<void>;
  /** Writes the conversation to those that have none. */
  stamp(ids: readonly string[], conversationId: string): Promise<void>;
  /**
   * The server has the first `messages` frames of this capture session, and takes no more of it live. Recordings of it that have
   * no conversation get this one.
   */
  cameLive(sessionId: string, messages: number, conversationId: string | null): Promise<void>;
  /** Throws HoldfastError `file_missing` (permanent_input) where the bytes are gone or cannot be read. */
  content(id: string): Promise<UploadContent>;
  /** Removes bytes, then the record; what cannot be removed stays. */
  remove(ids: readonly string[]): Promise<void>;
  /** Removes copies that the server confirmed more than `days` days ago, and nothing else; how many went. */
  removeConfirmed(days: number): Promise<number>;
  /** Small facts that live as long as the log (a cooldown, a setting); null where there is none. */
  note(key: string): string | null;
  setNote(key: string, value: string | null): Promise<void>;
}
