/**
 * What a person should know about the live link: that it broke and that nothing is lost by it, that it is back, that the
 * recogniser recovers. A time without a connection is told once, however often it is tried again.
 */
import type { LiveCaptureEvent } from "@holdfast/client";

export class LinkNews {
  #isAway = false;

  /** Undefined where there is nothing new for a person. */
  of(event: LiveCaptureEvent): string | undefined {
    if (event.type === "handed_over")
      return "the connection is away for long; what was heard meanwhile will be uploaded";
    if (event.type === "service_status") return SERVICE[event.status];
    if (event.type !== "status") return undefined;
    const why = event.error?.message ?? "no answer";
    switch (event.status) {
      case "waiting":
        if (this.#isAway) return undefined;
        this.#isAway = true;
        return `connection lost (${why}); all that is heard is kept here and sent when the server is back`;
      case "open": {
        const wasAway = this.#isAway;
        this.#isAway = false;
        return wasAway ? "connected again; sending what was kept" : undefined;
      }
      case "ended":
        return event.error === null
          ? undefined
          : `the server takes no live sound (${why}); it is kept here and uploaded`;
      case "idle":
      case "connecting":
        return undefined;
    }
  }
}

const SERVICE: Readonly<Record<string, string>> = {
  stt_recovering: "the recogniser is being replaced; nothing is lost",
  stt_paused: "transcription is paused; the server keeps the sound and catches up later",
  stt_failed: "the recogniser is away; the server keeps the sound",
};
