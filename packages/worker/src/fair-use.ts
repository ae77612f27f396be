/**
 * Fair use of the worker: before a piece of sound goes to an engine it asks whether its user's budget allows that, and counts
 * what was said in it by the time it was said (reference offline-sync section 6, defects 21, 28). Work that may not go on waits
 * as a `throttle` failure, which spends no attempt, until the budget allows it.
 *
 * Speech is counted before its words are stored, under the place it has in its recording: a piece that is transcribed again
 * counts once, and one whose worker dies between the two is counted (law L7).
 */
import { type Config, FAIR_USE, HoldfastError, messageOf } from "@holdfast/contract";
import {
  type Clock,
  deterministicClassifier,
  fairUsePolicy,
  isLimited,
  type Log,
  type Random,
  type SpeechSource,
  speechGate,
  speechMinutes,
} from "@holdfast/core";
import { addSpeech, type Db, type Job, loadFairUse, lookAtUser } from "@holdfast/store";
import type { SpokenSpan } from "./speech/timeline.ts";

/** Where a piece lies: `origin` names the sound, `position` grows from its front to its back. */
export interface PiecePosition {
  readonly origin: string;
  readonly position: number;
}

export interface FairUse {
  /** Throws a HoldfastError of class `throttle` where the job must wait. */
  admit(job: Job): Promise<void>;
  count(job: Job, at: PiecePosition, spans: readonly SpokenSpan[]): Promise<void>;
  /** The job is done: is the user to be looked at? Never throws. */
  check(job: Job): Promise<void>;
}

export interface FairUseDeps {
  readonly db: Db;
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function createFairUse({ db, config, clock, random, log }: FairUseDeps): FairUse {
  const policy = fairUsePolicy(config);
  return {
    async admit(job) {
      if (!isLimited(policy, job.userId) || sourceOf(job) === "sync_backfill") return;
      const nowMs = clock.now();
      const gate = speechGate(policy, await loadFairUse(db, job.userId, nowMs), nowMs);
      if (gate.open) return;
      throw new HoldfastError("what this user may have transcribed today is used up", {
        code: job.kind === "repair" ? FAIR_USE.repairWaits : FAIR_USE.syncWaits,
        class: "throttle",
        scope: "account",
        retryAfterMs: gate.untilMs - nowMs,
      });
    },
    async count(job, at, spans) {
      const { userId } = job;
      if (!isLimited(policy, userId) || spans.length === 0) return;
      const minutes = spans.flatMap((span) => speechMinutes(span.startMs, span.endMs - span.startMs));
      const speech = minutes.map((minute) => ({ ...at, ...minute }));
      await addSpeech(db, { userId, source: sourceOf(job), speech, nowMs: clock.now() });
    },
    async check(job) {
      const source = sourceOf(job);
      if (source === "sync_backfill") return;
      const { userId, id: sessionId } = job;
      const trigger = source === "realtime" ? "repair" : "sync";
      const by = { classifier: deterministicClassifier, random, log, nowMs: clock.now() };
      try {
        await lookAtUser(db, { userId, sessionId, trigger, policy, ...by });
      } catch (error) {
        log.warn({ jobId: job.id, error: messageOf(error) }, "fair use could not be looked at");
      }
    },
  };
}

/** Sound of a repair was heard live. */
function sourceOf(job: Job): SpeechSource {
  if (job.kind === "repair") return "realtime";
  return job.lane === "fresh" ? "sync_fresh" : "sync_backfill";
}
