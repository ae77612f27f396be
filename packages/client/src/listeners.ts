/** Listeners of one thing: each hears every call in the order in which they came, and one that throws hurts nobody else. */
export class Listeners<Arguments extends readonly unknown[]> {
  readonly #listeners = new Set<(...args: Arguments) => void>();

  /** Hears every call from now on; returns the way out. */
  on(listener: (...args: Arguments) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(...args: Arguments): void {
    // Who begins or ends listening meanwhile does so from the next call on.
    for (const listener of [...this.#listeners]) {
      try {
        listener(...args);
      } catch (error) {
        // Reported as an uncaught error of the listener, not of who told it.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
