/** What tests need and production must not import: a real database, scripted servers of each wire shape. */

export * from "./clock.ts";
export * from "./database.ts";
export * from "./gateway/index.ts";
export * from "./live-client.ts";
export * from "./llm/index.ts";
export * from "./ports.ts";
export * from "./roles.ts";
export * from "./speech-fixture.ts";
export * from "./stt/index.ts";
export * from "./wait.ts";
export * from "./word-errors.ts";
