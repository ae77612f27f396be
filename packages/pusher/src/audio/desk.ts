/**
 * Decoding and encoding as the pusher sees it: questions to a thread that is started when it is first needed and ended by
 * `close`, so that heartbeats and links go on during the work and an idle pusher holds no codec. A thread that dies, or that
 * answers nothing for a minute, is ended; the question is then a `content` failure (`sound_crashed`, `sound_timeout`), and
 * what the thread knew is lost.
 */
import { HoldfastError, type ThreadFailure } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import { createHelperThread } from "@holdfast/runtime";
import type { SoundAnswer, SoundRequest } from "./protocol.ts";

const ANSWER_TIMEOUT_MS = 60_000;

type Given = Exclude<SoundAnswer, ThreadFailure>;

export interface SoundDesk {
  /** Questions are answered one after another. Throws HoldfastError. */
  ask(request: SoundRequest): Promise<Given>;
  /** Ends the thread, also in the middle of its work. Idempotent. */
  close(): Promise<void>;
}

export function createSoundDesk(options: { readonly clock: Clock; readonly timeoutMs?: number }): SoundDesk {
  const { clock, timeoutMs = ANSWER_TIMEOUT_MS } = options;
  const entry = new URL("./thread.ts", import.meta.url);
  const work = "the sound thread";
  const thread = createHelperThread<SoundRequest, SoundAnswer>({ name: "sound", work, entry, timeoutMs, clock });
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();

  const answer = async (request: SoundRequest): Promise<Given> => {
    if (closed) throw new HoldfastError("the sound thread is closed", { code: "sound_closed", class: "capacity" });
    const given = await thread.ask(request, movable(request));
    if (given.type !== "error") return given;
    if (given.code === "sound_crashed" || given.code === "sound_timeout") await thread.stop();
    throw new HoldfastError(given.message, { code: given.code, class: given.class });
  };

  return {
    ask(request) {
      const given = last.then(() => answer(request));
      last = given.catch(() => {});
      return given;
    },
    async close() {
      closed = true;
      await thread.stop();
    },
  };
}

/** Bytes of a file that own their memory are moved to the thread; small ones from Node's shared pool are copied. */
function movable(request: SoundRequest): ArrayBuffer[] {
  if (request.type !== "export_file") return [];
  const { bytes } = request.file;
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [];
}
