/** What tests need and production must not import: a real database, scripted servers of each wire shape. */
export * from "./database.ts";
export * from "./gateway/index.ts";
export * from "./llm/index.ts";
