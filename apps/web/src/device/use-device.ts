/** The recordings of this browser, for components. */
import type { HoldfastClient } from "@holdfast/client";
import { useSyncExternalStore } from "react";
import { useServices } from "../shell/services.ts";
import type { DeviceState } from "./device.ts";

export function useDevice(): DeviceState {
  const { device } = useServices();
  return useSyncExternalStore(device.subscribe, device.snapshot);
}

/** Null while the recordings are not open here. */
export function useClient(): HoldfastClient | null {
  const state = useDevice();
  return state.name === "open" ? state.client : null;
}
