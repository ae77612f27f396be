/**
 * The language model of the simulated world: a summariser that answers late, is away, or talks nonsense, as the climate of the
 * world has it, and is well again in the calm.
 */
import { sleep } from "@holdfast/core";
import { LlmFailure, type Summariser } from "@holdfast/pusher/parts";
import type { SimProcess } from "@holdfast/testkit/simulator";

export type ModelMood = "fine" | "slow" | "transport" | "content" | "mixed";

export function simulatedModel(process: SimProcess, mood: () => ModelMood, onNonsense: () => void): Summariser {
  const { clock, random } = process;
  return {
    kind: "llm",
    async summarise(input, signal) {
      await sleep(clock, mood() === "slow" ? random.between(3_000, 25_000) : random.skewed(100, 3_000), signal);
      const now = mood() === "mixed" ? random.pick(["fine", "transport", "content"] as const) : mood();
      if (now === "transport") throw new LlmFailure("llm_unavailable", "transport", "the model is away");
      if (now === "content") {
        onNonsense();
        throw new LlmFailure("llm_invalid_answer", "content", "the model talks nonsense");
      }
      const title = `About ${input.conversationId}`;
      return {
        structured: { title, overview: "", emoji: "", category: "other", action_items: [], events: [] },
        memories: [],
        discard: false,
      };
    },
  };
}
