/**
 * Failover of live streams. An opener gives a stream to the first engine of the list that accepts it. An engine that
 * refuses the handshake, or whose stream fails before a single result came, is passed over for half a minute; when all are
 * passed over they are tried all the same, because a poor chance is better than none.
 */
import {
  type DecodableCodec,
  HoldfastError,
  isHoldfastError,
  type Pcm8Layout,
  streamEncoding,
} from "@holdfast/contract";
import type { SttEngine } from "./engines.ts";
import { selectLive } from "./select.ts";
import {
  openStream,
  type StreamDeps,
  type StreamEnd,
  type StreamEvents,
  type StreamOptions,
  type SttStream,
} from "./stream.ts";

export interface OpenRequest extends Pick<StreamEvents, "onResults" | "onEnd"> {
  /** Layout of a `pcm8` stream, as far as known by now. */
  readonly layout: Pcm8Layout;
}

/** Resolves once an engine has accepted the stream; rejects with the HoldfastError of the last one asked. */
export type OpenStream = (request: OpenRequest) => Promise<SttStream>;

export type LiveOptions = Omit<StreamOptions, "codec" | "encoding"> & { readonly codec: DecodableCodec };

const PASS_OVER_MS = 30_000;

/** Engines passed over, shared by all sessions of a process so that each does not find out by itself. */
export type PassedOver = Map<string, number>;

export function createOpener(
  engines: readonly SttEngine[],
  options: LiveOptions,
  deps: StreamDeps & { readonly passedOver?: PassedOver },
): OpenStream {
  const passedOver = deps.passedOver ?? new Map<string, number>();
  const passOver = (engine: SttEngine): Map<string, number> =>
    passedOver.set(engine.id, deps.clock.now() + PASS_OVER_MS);
  return async (request) => {
    const encoding = streamEncoding(options.codec, request.layout);
    const able = selectLive(engines, encoding, options.language);
    const now = deps.clock.now();
    const fresh = able.filter(({ id }) => (passedOver.get(id) ?? 0) <= now);
    let failure: unknown;
    for (const engine of fresh.length > 0 ? fresh : able) {
      try {
        return await openOne(engine, { ...options, encoding }, request, deps, () => passOver(engine));
      } catch (error) {
        failure = error;
        passOver(engine);
      }
    }
    throw isHoldfastError(failure) ? failure : noEngine();
  };
}

/** Opens one stream and waits until it is accepted. Ends before that are failures of the promise, not `onEnd`. */
function openOne(
  engine: SttEngine,
  options: StreamOptions,
  request: OpenRequest,
  deps: StreamDeps,
  onUseless: () => void,
): Promise<SttStream> {
  return new Promise((resolve, reject) => {
    let opened = false;
    let useful = false;
    const stream = openStream(
      engine,
      options,
      {
        onOpen: () => {
          opened = true;
          resolve(stream);
        },
        onResults: (results) => {
          useful = true;
          request.onResults(results);
        },
        onEnd: (end: StreamEnd) => {
          if (!opened) return reject(end.error ?? noEngine());
          if (end.error !== undefined && !useful) onUseless();
          request.onEnd(end);
        },
      },
      deps,
    );
  });
}

function noEngine(): HoldfastError {
  return new HoldfastError("no speech engine can take this stream", {
    code: "stt_none",
    class: "capacity",
    scope: "service",
  });
}
