/** What goes when an account is deleted: first all of it on the server, then, if wished, what this browser keeps. */
import type { HoldfastApi, HoldfastClient, Recording } from "@holdfast/client";
import { rowActions } from "@holdfast/core";

/** What is needed of the recordings of this browser. */
export interface LocalRecordings {
  readonly log: { readonly recordings: ReadonlyMap<string, Recording> };
  readonly sync: Pick<HoldfastClient["sync"], "explain" | "remove">;
}

export interface Leaving {
  readonly api: Pick<HoldfastApi, "deleteAccount">;
  readonly account: string;
  /** Ends what is being recorded, so that it belongs to what is deleted. */
  stopRecording(): Promise<void>;
  /** Null: what this browser keeps stays. */
  readonly recordings: LocalRecordings | null;
}

/** How many recordings have sound that no conversation has. */
export function unsentCount({ log, sync }: LocalRecordings): number {
  return [...log.recordings.keys()].filter((id) => {
    const state = sync.explain(id)?.state;
    return state !== undefined && rowActions(state).deleteLoses;
  }).length;
}

/** Throws what the server refuses with; nothing is removed here then. */
export async function leave({ api, account, stopRecording, recordings }: Leaving): Promise<void> {
  await stopRecording();
  await api.deleteAccount(account);
  if (recordings !== null) await recordings.sync.remove([...recordings.log.recordings.keys()]);
}
