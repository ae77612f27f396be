/** How syncing stands, for components. */
import { useSyncExternalStore } from "react";
import { useServices } from "../shell/services.ts";
import type { SyncView } from "./sync-watch.ts";

export function useSync(): SyncView | null {
  const { syncing } = useServices();
  return useSyncExternalStore(syncing.subscribe, syncing.snapshot);
}
