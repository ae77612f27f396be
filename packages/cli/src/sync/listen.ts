/** Listens to an engine with one function for each event, each with the type of its detail. */
import type { SyncEngine, SyncEventName, SyncEvents } from "@holdfast/client";

export type EngineListeners = { readonly [N in SyncEventName]?: (detail: SyncEvents[N]) => void };

/** Returns the way out. */
export function listen(engine: SyncEngine, listeners: EngineListeners): () => void {
  return engine.on((name, detail) => listeners[name]?.(detail));
}
