/** The state of the recorder, for components. */
import { useSyncExternalStore } from "react";
import { useServices } from "../shell/services.ts";
import type { RecordingState } from "./recording-state.ts";

export function useRecording(): RecordingState {
  const { recorder } = useServices();
  return useSyncExternalStore(recorder.subscribe, recorder.snapshot);
}
