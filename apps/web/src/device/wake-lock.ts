/**
 * Keeps the screen on while something is recorded, so that the machine does not fall asleep in the middle of a sentence. The
 * browser takes the lock away when the page is hidden; it is taken again when the page is back. Where there is none, or it is
 * refused, recording goes on without.
 */
export interface WakeLockPage {
  readonly wakeLock: { request(type: "screen"): Promise<{ release(): Promise<void> }> } | undefined;
  readonly document: Pick<Document, "visibilityState" | "addEventListener" | "removeEventListener">;
}

export class WakeLock {
  readonly #page: WakeLockPage;
  #isWanted = false;
  #held: Promise<{ release(): Promise<void> } | undefined> = Promise.resolve(undefined);

  constructor(page: WakeLockPage) {
    this.#page = page;
  }

  take(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#page.document.addEventListener("visibilitychange", this.#ask);
    this.#ask();
  }

  release(): void {
    if (!this.#isWanted) return;
    this.#isWanted = false;
    this.#page.document.removeEventListener("visibilitychange", this.#ask);
    const held = this.#held;
    this.#held = Promise.resolve(undefined);
    void held.then((lock) => lock?.release()).catch(() => undefined);
  }

  readonly #ask = (): void => {
    const { wakeLock, document } = this.#page;
    if (!this.#isWanted || wakeLock === undefined || document.visibilityState !== "visible") return;
    this.#held = this.#held
      .then((lock) => lock?.release())
      .then(() => wakeLock.request("screen"))
      .catch(() => undefined);
  };
}
