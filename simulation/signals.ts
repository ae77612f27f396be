/**
 * Composed signals that end with their world. Node keeps each signal of `AbortSignal.any` that somebody listens to until it
 * aborts; a world that ends aborts nothing, so every world would be kept as long as the process lives.
 */

function composed(signals: Iterable<AbortSignal>): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) {
      controller.abort(signal.reason);
      break;
    }
    signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
  }
  return controller.signal;
}

/** While a world runs. */
export async function withPlainSignals<T>(run: () => Promise<T>): Promise<T> {
  const { any } = AbortSignal;
  AbortSignal.any = composed;
  try {
    return await run();
  } finally {
    AbortSignal.any = any;
  }
}
