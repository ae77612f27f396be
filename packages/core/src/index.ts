/** Pure decisions: no clock, no randomness, no I/O, no logging. */
export * from "./backoff.ts";
export * from "./capacity/admission.ts";
export * from "./capacity/interleave.ts";
export * from "./capacity/speed.ts";
export * from "./capacity/turns.ts";
export * from "./clock.ts";
export * from "./export/captions.ts";
export * from "./export/file-name.ts";
export * from "./export/markdown.ts";
export { plainTextOf } from "./export/plain-text.ts";
export type { PeopleNames } from "./export/spoken.ts";
export * from "./fair-use/by-words.ts";
export * from "./fair-use/case.ts";
export * from "./fair-use/classifier.ts";
export * from "./fair-use/gates.ts";
export * from "./fair-use/meters.ts";
export * from "./fair-use/policy.ts";
export * from "./fair-use/rate-window.ts";
export * from "./fair-use/stages.ts";
export * from "./job/lifecycle.ts";
export * from "./link/breaker.ts";
export * from "./link/buffers.ts";
export * from "./link/link.ts";
export * from "./link/pending.ts";
export * from "./listen/failover.ts";
export * from "./listen/images.ts";
export * from "./listen/onboarding.ts";
export * from "./listen/prepare.ts";
export * from "./listen/session-admission.ts";
export * from "./listen/suggested.ts";
export * from "./listen/timeline.ts";
export * from "./listen/watermarks.ts";
export * from "./log.ts";
export * from "./playback/range.ts";
export * from "./playback/spans.ts";
export * from "./recording/batch.ts";
export * from "./recording/cooldown.ts";
export * from "./recording/coordinator.ts";
export * from "./recording/coverage.ts";
export * from "./recording/display.ts";
export * from "./recording/explain.ts";
export * from "./recording/job-outcome.ts";
export * from "./recording/recording.ts";
export * from "./recording/retry-budget.ts";
export * from "./recording/status-card.ts";
export {
  countOf,
  fieldsOf,
  TOO_OLD,
  textOf,
  type UploadAnswer,
  type UploadOutcome,
  uploadOutcome,
} from "./recording/upload-outcome.ts";
export * from "./segments/live-transcript.ts";
export * from "./segments/merge.ts";
export * from "./segments/text.ts";
export * from "./speakers/introduction.ts";
export * from "./speakers/labels.ts";
export * from "./speakers/samples.ts";
export * from "./sync/assign.ts";
export * from "./sync/doubles.ts";
export * from "./sync/keeping.ts";
export * from "./sync/relevance.ts";
export * from "./sync/skew.ts";
export * from "./sync/words.ts";
export * from "./tasks/task-key.ts";
export * from "./webhooks/address.ts";
