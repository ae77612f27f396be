/** A scripted server of the OpenAI chat shape. */
export * from "./scripted-llm.ts";
