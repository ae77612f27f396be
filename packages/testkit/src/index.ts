/** What tests need and production must not import: a real database, scripted servers of each wire shape. */

export * from "./clock.ts";
export * from "./database.ts";
export * from "./failing-disk.ts";
export * from "./full-database.ts";
export * from "./gateway/index.ts";
export * from "./live-client.ts";
export * from "./live-world.ts";
export * from "./llm/index.ts";
export * from "./ports.ts";
export * from "./receiver.ts";
export * from "./roles.ts";
export * from "./speech-fixture.ts";
export * from "./stt/index.ts";
export * from "./table-lock.ts";
export * from "./tcp-gate.ts";
export * from "./wait.ts";
export * from "./word-errors.ts";
