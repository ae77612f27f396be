/**
 * Asks the browser once, when there is first something to keep, not to throw recordings away when the disk runs short. Some
 * browsers ask the person, others decide by themselves; what they said is shown with the facts of the storage.
 */
import type { RecordingLog, StoreSpace } from "@holdfast/client";

const KEY = "holdfast.asked-to-persist";

export class Persistence {
  readonly #storage: Pick<Storage, "getItem" | "setItem">;

  constructor(storage: Pick<Storage, "getItem" | "setItem">) {
    this.#storage = storage;
  }

  /** Never rejects: without an answer recordings are kept all the same. */
  async askOnce(log: Pick<RecordingLog, "space">): Promise<void> {
    if (this.#storage.getItem(KEY) !== null) return;
    this.#storage.setItem(KEY, "yes");
    await log.space(true).catch(() => undefined);
  }

  /** A person wants it asked again. */
  async ask(log: Pick<RecordingLog, "space">): Promise<StoreSpace> {
    return await log.space(true);
  }
}
