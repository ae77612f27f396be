/** What a person should know about the live link: that it broke, that it is back, that the recogniser recovers. */
import type { ListenSocketEvent } from "@holdfast/client";

export function linkNews(event: ListenSocketEvent): string | undefined {
  if (event.type === "service_status") {
    if (event.status === "stt_recovering") return "the recogniser is being replaced; nothing is lost";
    if (event.status === "stt_paused")
      return "transcription is paused; the server keeps the sound and catches up later";
    return event.status === "stt_failed" ? "the recogniser is away; the server keeps the sound" : undefined;
  }
  if (event.type !== "status") return undefined;
  if (event.status === "waiting") {
    const wait = ((event.retryInMs ?? 0) / 1000).toFixed(1);
    return `connection lost (${event.error?.message ?? "no answer"}); trying again in ${wait} s`;
  }
  return event.status === "open" && event.failures > 0 ? "connected again" : undefined;
}
