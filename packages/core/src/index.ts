/** Pure decisions: no clock, no randomness, no I/O, no logging. */
export * from "./backoff.ts";
export * from "./clock.ts";
export * from "./job/lifecycle.ts";
export * from "./log.ts";
export * from "./sync/assign.ts";
