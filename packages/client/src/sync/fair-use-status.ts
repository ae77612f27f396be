/**
 * Asks the server whether fair use still restricts this account (reference client-sync 4.6.1). One question at a time: whoever
 * asks while one is on its way gets its answer.
 */
import { type HttpOptions, rawRequest } from "../api/http.ts";

export type FairUseAnswer = boolean | "unknown";

export function fairUseStatus(http: HttpOptions): (signal: AbortSignal) => Promise<FairUseAnswer> {
  let running: Promise<FairUseAnswer> | undefined;
  return (signal) => {
    running ??= ask(http, signal).finally(() => {
      running = undefined;
    });
    return running;
  };
}

async function ask(http: HttpOptions, signal: AbortSignal): Promise<FairUseAnswer> {
  try {
    const { status, body } = await rawRequest(http, { method: "GET", path: "/v1/fair-use/status", signal });
    if (status !== 200 || typeof body !== "object" || body === null || !("stage" in body)) return "unknown";
    switch (body.stage) {
      case "none":
      case "warning":
      case "throttle":
        return false;
      case "restrict":
        return true;
      default:
        return "unknown";
    }
  } catch {
    return "unknown";
  }
}
