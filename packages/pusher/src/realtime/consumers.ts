/**
 * Sends what live links bring to the webhooks of their users: words as they come (`realtime_transcript`), and sound in pieces of
 * as many seconds as the user asked for (`audio_bytes`), as 16-bit samples whatever the device sent. Everything here is best
 * effort; what must not be lost goes through jobs. The sides of a call are added up. Decoding happens in a thread that exists while somebody wants sound.
 */
import { messageOf } from "@holdfast/contract";
import type { Log } from "@holdfast/core";
import type { Db } from "@holdfast/store";
import { createSoundDesk, type SoundDesk } from "../audio/desk.ts";
import type { AudioRun, LinkConsumers, LinkIdentity, TranscriptBatch } from "../link/consumers.ts";
import { type RealtimeDeps, sendNow } from "./send.ts";
import { createSubscriptions } from "./subscriptions.ts";

const DEFAULT_AUDIO_SECONDS = 5;
const DECODED_RATE = 16_000;

export interface RealtimeOptions extends RealtimeDeps {
  readonly db: Db;
  readonly log: Log;
}

export interface RealtimeConsumers extends LinkConsumers {
  /** Gives up what is on its way and ends the thread. Idempotent. */
  close(): Promise<void>;
}

/** Sound of one link that was not sent yet. */
interface Heard {
  parts: Uint8Array[];
  bytes: number;
  rate: number;
}

function addTo(sound: Heard, pcm: Uint8Array): void {
  sound.parts.push(pcm);
  sound.bytes += pcm.length;
}

export function createRealtimeConsumers(options: RealtimeOptions): RealtimeConsumers {
  const { clock, log } = options;
  const subscriptions = createSubscriptions(options);
  const heard = new Map<number, Heard>();
  const ending = new AbortController();
  let desk: SoundDesk | undefined;

  /** The sound as 16-bit samples, and their rate. Sound that cannot be decoded is nothing. */
  const samplesOf = async ({ link, payload }: AudioRun): Promise<{ pcm: Uint8Array; rate: number }> => {
    const { codec, sampleRate, layout, channels = 1 } = link;
    if (codec === "pcm16" && channels === 1) return { pcm: payload, rate: sampleRate };
    desk ??= createSoundDesk({ clock });
    const answer = await desk.ask({ type: "live", stream: link.link, codec, sampleRate, layout, channels, payload });
    return { pcm: (answer.type === "pcm" ? answer.pcm : undefined) ?? new Uint8Array(0), rate: DECODED_RATE };
  };

  const sendSound = async ({ userId }: LinkIdentity, sound: Heard): Promise<void> => {
    const known = subscriptions.of(userId);
    const body = Buffer.concat(sound.parts);
    sound.parts = [];
    sound.bytes = 0;
    if (known?.audio === undefined || body.length === 0) return;
    const query = { sample_rate: String(sound.rate), uid: userId };
    const message = { contentType: "application/octet-stream", body, query } as const;
    await sendNow(options, { userId, webhook: known.audio, secret: known.secret }, message, ending.signal);
  };

  const release = async (link: LinkIdentity): Promise<void> => {
    const sound = heard.get(link.link);
    heard.delete(link.link);
    // One side of a call may be ahead of the other, and nothing comes that it could be mixed with.
    const last = await desk?.ask({ type: "live_end", stream: link.link }).catch(() => undefined);
    if (sound !== undefined && last?.type === "pcm" && last.pcm !== undefined) addTo(sound, last.pcm);
    if (sound !== undefined) await sendSound(link, sound);
    if (heard.size > 0 || desk === undefined) return;
    const idle = desk;
    desk = undefined;
    await idle.close();
  };

  return {
    opened: ({ userId }) => subscriptions.open(userId),
    wants({ userId }, kind) {
      return subscriptions.of(userId)?.[kind] !== undefined;
    },
    async onTranscript({ link, conversationId, segments }: TranscriptBatch) {
      const { userId } = link;
      const known = subscriptions.of(userId);
      if (known?.transcript === undefined || segments.length === 0) return;
      const body = Buffer.from(JSON.stringify({ segments, session_id: conversationId }));
      const message = { contentType: "application/json", body, query: { uid: userId } } as const;
      await sendNow(options, { userId, webhook: known.transcript, secret: known.secret }, message, ending.signal);
    },
    async onAudio(run) {
      const { userId, link } = run.link;
      const webhook = subscriptions.of(userId)?.audio;
      if (webhook === undefined) return;
      const sound = heard.get(link) ?? { parts: [], bytes: 0, rate: DECODED_RATE };
      heard.set(link, sound);
      const { pcm, rate } = await samplesOf(run);
      sound.rate = rate;
      addTo(sound, pcm);
      const seconds = webhook.everySeconds ?? DEFAULT_AUDIO_SECONDS;
      if (sound.bytes > seconds * rate * 2) await sendSound(run.link, sound);
    },
    async closed(link) {
      try {
        await release(link);
      } catch (error) {
        log.warn({ event: "realtime_release_failed", error: messageOf(error) }, "the end of a link was not clean");
      }
      subscriptions.close(link.userId);
    },
    async close() {
      ending.abort();
      const ended = desk;
      desk = undefined;
      await ended?.close();
    },
  };
}
