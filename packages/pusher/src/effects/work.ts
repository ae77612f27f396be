/**
 * The side effects this process works on, apart from finalisation, so that neither a slow receiver nor a long recording keeps
 * anybody's summary waiting: fan-outs, several at a time since they mostly wait, and sound, one at a time since it computes.
 * Without a place for blobs no sound is worked on; another pusher that has one will.
 */
import { messageOf } from "@holdfast/contract";
import type { Clock, Log, Random } from "@holdfast/core";
import { type BlobStore, type Db, startJobLoop } from "@holdfast/store";
import { failAudio, handleAudio } from "../audio/jobs.ts";
import { sweepUnusedPcm } from "../audio/sweep.ts";
import type { OnPusherEvent } from "../events.ts";
import type { WebhookDesk } from "../webhooks/desk.ts";
import { handleFanout } from "./fanout.ts";

const EFFECTS = { fanouts: 8, sounds: 1, sweepEveryMs: 3_600_000 } as const;

export interface EffectsDeps {
  readonly db: Db;
  readonly blobs: BlobStore | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly owner: string;
  readonly desk: WebhookDesk;
  readonly onEvent: OnPusherEvent;
}

export interface Effects {
  /** Looks for work at once: something was just finished. */
  wake(): void;
  running(): number;
  /** Takes nothing new and gives back what runs. Idempotent. */
  drain(): Promise<void>;
}

export function startEffects(deps: EffectsDeps): Effects {
  const { db, blobs, clock, log, owner } = deps;
  const fanouts = startJobLoop({
    ...{ db, clock, log, owner, kinds: ["fanout"] as const, concurrency: EFFECTS.fanouts },
    handle: (job, signal) => handleFanout(deps, job, signal),
  });
  const loops = [fanouts];
  if (blobs !== undefined) {
    const kinds = ["audio_removal", "audio_render", "audio_export", "speech_sample"] as const;
    loops.push(
      startJobLoop({
        ...{ db, clock, log, owner, kinds, concurrency: EFFECTS.sounds },
        handle: (job, signal) => handleAudio({ ...deps, blobs }, job, signal),
        fail: (job, failure) => failAudio(deps, job, failure),
      }),
    );
  }
  const sweep = (): void => {
    if (blobs === undefined) return;
    sweepUnusedPcm(db, blobs, clock.now()).then(
      (removed) => (removed > 0 ? log.info({ event: "pcm_swept", removed }, "unused samples were removed") : undefined),
      (error: unknown) => log.warn({ event: "pcm_sweep_failed", error: messageOf(error) }, "a sweep failed"),
    );
  };
  const timer = clock.every(EFFECTS.sweepEveryMs, sweep);
  return {
    wake() {
      for (const loop of loops) loop.wake();
    },
    running: () => loops.reduce((sum, loop) => sum + loop.running(), 0),
    async drain() {
      timer.cancel();
      await Promise.all(loops.map((loop) => loop.drain()));
    },
  };
}
