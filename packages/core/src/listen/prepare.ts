/**
 * Which conversation a new live socket gets (reference listen-and-pusher 4.4). Pure: the caller looks rows up and acts.
 */

export interface OpenRow {
  readonly id: string;
  readonly status: string;
  readonly discarded: boolean;
  readonly deleted: boolean;
  readonly locked: boolean;
  readonly source: string;
  readonly clientDeviceId: string | null;
  /** Last time somebody spoke in it, Unix milliseconds. */
  readonly finishedAtMs: number;
}

export interface PrepareInput {
  readonly source: string;
  readonly clientDeviceId: string | null;
  readonly timeoutMs: number;
  readonly nowMs: number;
  /** The client's own id, and the row it names, if any. */
  readonly clientConversationId: string | null;
  readonly named: OpenRow | undefined;
  /** The user's newest open conversation. */
  readonly open: OpenRow | undefined;
}

export type Preparation =
  | { readonly action: "resume"; readonly id: string }
  /** `id` is null where the server chooses one. */
  | { readonly action: "create"; readonly id: string | null }
  /** The named conversation is over: tell the client, then create a new one under an id of ours. */
  | { readonly action: "announce_and_create"; readonly id: string; readonly status: string }
  /** The open conversation timed out: end it, then create a new one. */
  | { readonly action: "end_and_create"; readonly endId: string; readonly id: string | null };

export function prepareConversation(input: PrepareInput): Preparation {
  const { named, open } = input;
  if (input.clientConversationId !== null) {
    if (named === undefined) return { action: "create", id: input.clientConversationId };
    if (named.deleted || named.discarded || named.locked) return { action: "create", id: null };
    if (named.status !== "in_progress") return { action: "announce_and_create", id: named.id, status: named.status };
    if (isTimedOut(named, input)) return { action: "end_and_create", endId: named.id, id: null };
    return matches(named, input) ? { action: "resume", id: named.id } : { action: "create", id: null };
  }
  if (open === undefined || open.status !== "in_progress") return { action: "create", id: null };
  if (!matches(open, input) || open.deleted || open.discarded || open.locked) return { action: "create", id: null };
  if (isTimedOut(open, input)) return { action: "end_and_create", endId: open.id, id: null };
  return { action: "resume", id: open.id };
}

function matches(row: OpenRow, input: PrepareInput): boolean {
  return row.source === input.source && row.clientDeviceId === input.clientDeviceId;
}

/** At exactly the timeout it is over. */
function isTimedOut(row: OpenRow, input: PrepareInput): boolean {
  return input.nowMs - row.finishedAtMs >= input.timeoutMs;
}
