/**
 * The speech engines of a live session: those of the settings that can take it, in order. Which of them serves, and when there
 * is no hope left, is decided by `EngineChoice`; here streams are opened and their fate is told to it.
 */
import { type DecodableCodec, type Pcm8Layout, streamEncoding } from "@holdfast/contract";
import { type Circuits, type Clock, EngineChoice, type GiveUp } from "@holdfast/core";
import {
  type ConnectSocket,
  openStream,
  type StreamEvents,
  type SttEngine,
  type SttStream,
  selectLive,
  speaks,
} from "@holdfast/stt-client";

export interface LiveEngines {
  /** Label of the serving engine for `ready` and for segments. */
  readonly provider: string;
  /** Set while another engine than the preferred one serves. */
  readonly fallbackFrom: string | undefined;
  open(layout: Pcm8Layout, events: StreamEvents): SttStream;
}

export interface LiveEngineOptions {
  /** In order of preference. */
  readonly engines: readonly SttEngine[];
  readonly format: { readonly codec: DecodableCodec; readonly sampleRate: number };
  readonly language: string;
  readonly clock: Clock;
  /** Shared by all sessions of the process. */
  readonly circuits: Circuits;
  /** How streams are opened; `ws` unless told otherwise. */
  readonly connect?: ConnectSocket | undefined;
  /** No engine will serve this session any more; called once. */
  readonly onGiveUp: (why: GiveUp) => void;
}

/** Undefined where no engine knows the language. */
export function chooseEngines(options: LiveEngineOptions): LiveEngines | undefined {
  const { language, clock } = options;
  const { codec, sampleRate } = options.format;
  const candidates = selectLive(options.engines, streamEncoding(codec), language).filter((engine) =>
    speaks(engine.capabilities.languages, language),
  );
  const [first, ...rest] = candidates;
  if (first === undefined) return undefined;
  const ids: readonly [string, ...string[]] = [first.id, ...rest.map((engine) => engine.id)];
  const choice = new EngineChoice(ids, options.circuits, clock.now());
  const byId = (id: string): SttEngine => candidates.find((engine) => engine.id === id) ?? first;
  let gaveUp = false;
  return {
    get provider() {
      return byId(choice.serving).kind;
    },
    get fallbackFrom() {
      return choice.serving === choice.preferred ? undefined : byId(choice.preferred).kind;
    },
    open(layout, events) {
      const engine = byId(choice.serving);
      const encoding = streamEncoding(codec, layout);
      return openStream(
        engine,
        { codec, encoding, sampleRate, language, keywords: ["Omi"], interim: true },
        {
          ...events,
          onOpen: () => {
            choice.opened(engine.id);
            events.onOpen?.();
          },
          onEnd: (end) => {
            const why = end.error === undefined ? undefined : choice.failed(engine.id, end.error.class, clock.now());
            events.onEnd(end);
            if (why === undefined || gaveUp) return;
            gaveUp = true;
            options.onGiveUp(why);
          },
        },
        { clock, connect: options.connect },
      );
    },
  };
}
