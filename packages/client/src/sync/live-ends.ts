/**
 * Ends the live way of a capture session at the server before anything of it is uploaded, and writes down how much of it came
 * live. Only the server knows: an acknowledgement may have been on its way, or heard and not yet written down, when the link or
 * the process ended. Once for each session and program; a server that knows no such thing is a server whose acknowledgements are
 * all there is.
 */
import { countOf, fieldsOf, textOf, type UploadAnswer } from "@holdfast/core";
import { type HttpOptions, rawRequest } from "../api/http.ts";
import { uploadAnswerOf } from "./send-batch.ts";
import type { SyncLog } from "./sync-log.ts";

export interface LiveEndsOptions {
  readonly log: Pick<SyncLog, "cameLive">;
  readonly http: HttpOptions;
}

export class LiveEnds {
  readonly #options: LiveEndsOptions;
  readonly #ended = new Set<string>();

  constructor(options: LiveEndsOptions) {
    this.#options = options;
  }

  /** This must be asked before. */
  isOpen(sessionId: string | null): sessionId is string {
    return sessionId !== null && !this.#ended.has(sessionId);
  }

  /**
   * Undefined when it is done; else the answer that stands in the way, as one to an upload. Throws HoldfastError of class
   * `transport` where no answer came.
   */
  async end(sessionId: string, signal: AbortSignal): Promise<UploadAnswer | undefined> {
    const { http, log } = this.#options;
    const path = `/v1/recording-sessions/${sessionId}/ended`;
    const answer = uploadAnswerOf(await rawRequest(http, { method: "PUT", path, signal }), http.clock.now());
    if (isObstacle(answer)) return answer;
    const { durable_messages, conversation_id } = fieldsOf(answer.body);
    const messages = answer.status === 200 ? countOf(durable_messages) : null;
    if (messages !== null) await log.cameLive(sessionId, messages, textOf(conversation_id));
    this.#ended.add(sessionId);
    return undefined;
  }
}

/** What an upload would meet as well. Any other answer comes from a server that does not know the question. */
function isObstacle({ status }: UploadAnswer): boolean {
  return status === 401 || status === 408 || status === 429 || (status >= 500 && status !== 501);
}
