/**
 * Which recogniser serves a live session: the engines that can, in the order of the settings. An engine that refuses a
 * session for good (wrong key, rejected parameters) gives way to the next one; one that is merely away is tried again.
 */
import { type Config, type DecodableCodec, type Pcm8Layout, streamEncoding } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import {
  openStream,
  parseEngines,
  type StreamEvents,
  type SttEngine,
  type SttStream,
  selectLive,
  speaks,
} from "@holdfast/stt-client";

export interface LiveEngines {
  /** Label of the serving engine for `ready` and for segments. */
  readonly provider: string;
  /** Set once another engine than the preferred one serves. */
  readonly fallbackFrom: string | undefined;
  open(layout: Pcm8Layout, events: StreamEvents): SttStream;
  /** Gives up the serving engine. False where none is left. */
  next(): boolean;
}

/** Undefined where no engine knows the language. */
export function chooseEngines(
  config: Config,
  session: { readonly codec: DecodableCodec; readonly sampleRate: number; readonly language: string },
  clock: Clock,
): LiveEngines | undefined {
  const { codec, sampleRate, language } = session;
  const candidates = selectLive(parseEngines(config), streamEncoding(codec), language).filter((engine) =>
    speaks(engine.capabilities.languages, language),
  );
  const preferred = candidates[0];
  if (preferred === undefined) return undefined;
  let at = 0;
  const serving = (): SttEngine => candidates[at] ?? preferred;
  return {
    get provider() {
      return serving().kind;
    },
    get fallbackFrom() {
      return at === 0 ? undefined : preferred.kind;
    },
    open: (layout, events) =>
      openStream(
        serving(),
        { codec, encoding: streamEncoding(codec, layout), sampleRate, language, keywords: ["Omi"], interim: true },
        events,
        { clock },
      ),
    next() {
      at += 1;
      return at < candidates.length;
    },
  };
}
