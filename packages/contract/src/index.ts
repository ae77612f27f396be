/** What crosses a process boundary: schemas, codecs of frames and files, constants, errors. No I/O. */
export * from "./adts.ts";
export * from "./audio.ts";
export * from "./channels.ts";
export * from "./client-frames.ts";
export * from "./config.ts";
export * from "./constants.ts";
export * from "./conversation.ts";
export * from "./errors.ts";
export * from "./events.ts";
export * from "./listen-query.ts";
export * from "./problems.ts";
export * from "./pusher-frames.ts";
export * from "./recording-file.ts";
export * from "./segment.ts";
export * from "./stt-wire.ts";
export * from "./sync.ts";
export * from "./thread-failure.ts";
