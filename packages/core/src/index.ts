/** Pure decisions: no clock, no randomness, no I/O, no logging. */
export * from "./backoff.ts";
export * from "./clock.ts";
export * from "./job/lifecycle.ts";
export * from "./listen/prepare.ts";
export * from "./listen/timeline.ts";
export * from "./log.ts";
export * from "./segments/live-transcript.ts";
export * from "./segments/merge.ts";
export * from "./segments/text.ts";
export * from "./sync/assign.ts";
