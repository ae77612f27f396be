/**
 * Sound of a conversation as Ogg Opus files, in a sound thread. A part is a stretch without long gaps: a gap of up to 90 s is
 * filled with silence, so that time inside a part is the time of the wall clock; a longer one begins a new part (reference
 * offline-sync section 8), as does a recording that ran beside the one before it, and two hours. Wall time may
 * differ from the sum of lengths by two seconds before that counts as a gap, since delivery is not even.
 */
import { createOggOpusWriter, createOpusEncoder, type OggOpusWriter, type OpusEncoder } from "@holdfast/codecs";
import type { ExportItem } from "./protocol.ts";
import { formatOf, openSource, type SoundChunk, type Source, type SourceItem } from "./source.ts";

const PARTS = { gapMs: 90_000, driftMs: 2_000, longestMs: 7_200_000 } as const;
const FRAME_MS = 20;
const SAMPLES_PER_MS = 16;
const SERIAL = 1;

export interface Exporter {
  /** Chunks recording after recording, each in its own order. */
  push(chunks: readonly SoundChunk[]): Promise<ExportItem[]>;
  end(): Promise<ExportItem[]>;
}

interface Part {
  readonly writer: OggOpusWriter;
  readonly startedAtMs: number;
  readonly sessionId: string;
  samples: number;
  captured: number;
}

export async function createExporter(): Promise<Exporter> {
  const encoder = await createOpusEncoder({ frameMs: FRAME_MS });
  const out: ExportItem[] = [];
  let part: Part | undefined;
  let source: Source | undefined;
  /** Decoded samples that do not fill a frame yet. */
  let rest = new Float32Array(0);

  const write = (to: Part, packet: Uint8Array, samples: number): void => {
    const bytes = to.writer.push(packet);
    to.samples += samples;
    if (bytes.length > 0) out.push({ kind: "bytes", bytes });
  };
  const encode = (to: Part, samples: Float32Array): void => {
    to.captured += samples.length;
    rest = joined(rest, samples);
    let at = 0;
    for (; at + encoder.frameSamples <= rest.length; at += encoder.frameSamples) {
      write(to, encoder.encode(rest.subarray(at, at + encoder.frameSamples)), encoder.frameSamples);
    }
    rest = rest.slice(at);
  };
  /** Fills the last frame up: what follows is not a continuation of it. */
  const closeFrame = (to: Part): void => {
    if (rest.length > 0) write(to, encoder.encode(rest), encoder.frameSamples);
    rest = new Float32Array(0);
  };
  const put = (to: Part, item: SourceItem): void => {
    if (item.kind === "samples") {
      encode(to, item.samples);
      return;
    }
    if (item.kind === "packet") write(to, item.packet, item.samples);
    else silence(encoder, item.samples, (packet, samples) => write(to, packet, samples));
    to.captured += item.samples;
  };
  const endSource = (to: Part): void => {
    for (const item of source?.end() ?? []) put(to, item);
    source = undefined;
    closeFrame(to);
  };
  const endPart = (): void => {
    if (part === undefined) return;
    endSource(part);
    const bytes = part.writer.end();
    if (part.samples > 0) {
      const { samples, captured } = part;
      out.push({ kind: "bytes", bytes }, { kind: "end", samples, capturedSamples: Math.min(captured, samples) });
    }
    part = undefined;
  };
  const partFor = (chunk: SoundChunk): Part => {
    if (part !== undefined) {
      const gapMs = chunk.capturedAtMs - endOf(part, rest.length);
      if (begins(part, chunk, gapMs)) endPart();
      else if (gapMs > PARTS.driftMs) {
        const to = part;
        endSource(to);
        silence(encoder, Math.round(gapMs) * SAMPLES_PER_MS, (packet, samples) => write(to, packet, samples));
      }
    }
    if (part === undefined) {
      const { capturedAtMs: startedAtMs, sessionId } = chunk;
      part = { writer: createOggOpusWriter(SERIAL), startedAtMs, sessionId, samples: 0, captured: 0 };
      out.push({ kind: "part", startedAtMs });
    }
    return part;
  };

  return {
    async push(chunks) {
      for (const chunk of chunks) {
        const to = partFor(chunk);
        if (source !== undefined && source.format !== formatOf(chunk)) endSource(to);
        source ??= openSource(chunk);
        for (const item of await source.take(chunk)) put(to, item);
      }
      return out.splice(0);
    },
    async end() {
      endPart();
      encoder.close();
      return out.splice(0);
    },
  };
}

/** Wall time at which the sound of the part ends. */
function endOf(part: Part, restSamples: number): number {
  return part.startedAtMs + (part.samples + restSamples) / SAMPLES_PER_MS;
}

function begins(part: Part, chunk: SoundChunk, gapMs: number): boolean {
  const ranBeside = part.sessionId !== chunk.sessionId && gapMs < -PARTS.driftMs;
  return gapMs > PARTS.gapMs || ranBeside || part.samples >= PARTS.longestMs * SAMPLES_PER_MS;
}

/** Whole frames that come nearest to the length. */
function silence(encoder: OpusEncoder, samples: number, write: (packet: Uint8Array, samples: number) => void): void {
  const frames = Math.max(1, Math.round(samples / encoder.frameSamples));
  const quiet = new Float32Array(encoder.frameSamples);
  for (let i = 0; i < frames; i++) write(encoder.encode(quiet), encoder.frameSamples);
}

function joined(a: Float32Array, b: Float32Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
