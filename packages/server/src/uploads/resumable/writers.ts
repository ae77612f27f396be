/**
 * Who writes to which upload in this process: one at a time. A client that lost its connection comes back before the old one is
 * known to be dead, so whoever comes later ends whoever is there, and waits until its bytes are recorded.
 */
interface Writer {
  readonly leaving: AbortController;
  readonly left: Promise<unknown>;
}

export class Writers {
  /** Whoever came last, to each upload. */
  readonly #last = new Map<string, Writer>();

  /** Runs `work` alone, when everybody who came before has left. Its signal aborts when somebody else comes. */
  async alone<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const before = this.#last.get(id);
    before?.leaving.abort();
    const leaving = new AbortController();
    const working = (before?.left ?? Promise.resolve()).then(async () => await work(leaving.signal));
    const writer = { leaving, left: working.catch(() => {}) };
    this.#last.set(id, writer);
    try {
      return await working;
    } finally {
      if (this.#last.get(id) === writer) this.#last.delete(id);
    }
  }
}
