/** The language model over real HTTP, against a scripted server: every way it can answer, refuse, stall and lie. */
import { systemClock } from "@holdfast/runtime";
import { type LlmStep, type ScriptedLlm, startScriptedLlm } from "@holdfast/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { llmSummariser } from "../src/summary/llm/index.ts";
import { LlmFailure, type Summariser, type SummaryInput } from "../src/summary/port.ts";
import { type Cleanup, cleanUp } from "./harness.ts";
import { inputOf, said } from "./said.ts";

const cleanup: Cleanup = [];
afterEach(async () => {
  await cleanUp(cleanup);
});

const GOOD = { title: "Budget review", overview: "They reviewed it.", category: "finance", discard: false };
const good: LlmStep = { kind: "json", answer: GOOD };

async function start(options: { refusedFormats?: string[]; timeoutMs?: number } = {}) {
  const llm = await startScriptedLlm({ refusedFormats: options.refusedFormats ?? [] });
  cleanup.push(() => llm[Symbol.asyncDispose]());
  const timeoutMs = options.timeoutMs ?? 5_000;
  const summariser = llmSummariser({ url: llm.url, key: "llm-key", model: "tiny", timeoutMs }, systemClock);
  return { llm, summariser };
}

const never = new AbortController().signal;
const ask = (summariser: Summariser, over: Partial<SummaryInput> = {}) =>
  summariser.summarise(inputOf(said("The budget is almost used up."), over), never);

async function failure(work: Promise<unknown>): Promise<LlmFailure> {
  const error = await work.then(
    () => new Error("it succeeded"),
    (reason: unknown) => reason,
  );
  if (error instanceof LlmFailure) return error;
  throw error;
}

const formats = (llm: ScriptedLlm) => llm.requests.map(({ format }) => format);

describe("a server that answers", () => {
  it("is asked once, with key, model, schema and transcript", async () => {
    const { llm, summariser } = await start();
    llm.script(good);
    expect(await ask(summariser)).toMatchObject({ structured: { title: "Budget review", category: "finance" } });
    expect(llm.requests).toMatchObject([
      { path: "/v1/chat/completions", authorization: "Bearer llm-key", model: "tiny", format: "json_schema" },
    ]);
    expect(llm.requests[0]?.messages.map(({ role }) => role)).toEqual(["system", "user"]);
    expect(llm.requests[0]?.messages[1]?.content).toContain("Speaker 0: The budget is almost used up.");
  });

  it.each<[string[], (string | undefined)[]]>([
    [["json_schema"], ["json_schema", "json_object"]],
    [
      ["json_schema", "json_object"],
      ["json_schema", "json_object", undefined],
    ],
  ])("may refuse %s; what works is remembered", async (refusedFormats, expected) => {
    const { llm, summariser } = await start({ refusedFormats });
    llm.script(good);
    expect((await ask(summariser)).structured.title).toBe("Budget review");
    expect(formats(llm)).toEqual(expected);
    await ask(summariser);
    expect(formats(llm)).toEqual([...expected, expected.at(-1)]);
  });

  it("is asked again where its first answer cannot be used", async () => {
    const { llm, summariser } = await start();
    llm.script({ kind: "text", text: "I would rather not." }, good);
    expect((await ask(summariser)).structured.title).toBe("Budget review");
    expect(llm.requests[1]?.messages.map(({ role }) => role)).toEqual(["system", "user"]);
    expect(llm.requests[1]?.messages[1]?.content).toContain("Answer again");
  });

  it("reads a long conversation in parts and joins their notes", async () => {
    const { llm, summariser } = await start();
    const part = (title: string): LlmStep => ({
      kind: "json",
      answer: { ...GOOD, title, overview: `About ${title}.` },
    });
    llm.script(part("first part"), part("second part"), part("the whole"));
    const segments = said(...Array.from({ length: 20 }, (_, index) => `${index} ${"word ".repeat(1_000)}`));
    const summary = await summariser.summarise(inputOf(segments, { mayDiscard: false }), never);
    expect(summary.structured.title).toBe("the whole");
    expect(llm.requests).toHaveLength(3);
    expect(llm.requests[2]?.messages[1]?.content).toContain("About first part.");
    expect(llm.requests[2]?.messages[1]?.content).toContain("About second part.");
    expect(llm.requests[2]?.messages[1]?.content.length).toBeLessThan(10_000);
  });
});

describe("a server that fails", () => {
  it.each<[string, LlmStep, string, string]>([
    ["prose", { kind: "text", text: "No." }, "llm_invalid_answer", "content"],
    ["an empty message", { kind: "text", text: "" }, "llm_invalid_answer", "content"],
    ["JSON without a title", { kind: "json", answer: { overview: "x" } }, "llm_invalid_answer", "content"],
    ["a page of HTML", { kind: "body", body: "<html>", contentType: "text/html" }, "llm_invalid_answer", "content"],
    ["broken JSON", { kind: "body", body: '{"choices":[' }, "llm_invalid_answer", "content"],
    [
      "JSON of another kind",
      { kind: "body", body: '{"choices":[{"message":{"content":null}}]}' },
      "llm_invalid_answer",
      "content",
    ],
    ["JSON null", { kind: "body", body: "null" }, "llm_invalid_answer", "content"],
    ["500", { kind: "status", status: 500 }, "llm_unavailable", "transport"],
    ["408", { kind: "status", status: 408 }, "llm_unavailable", "transport"],
    ["401", { kind: "status", status: 401 }, "llm_unavailable", "auth"],
    ["403", { kind: "status", status: 403 }, "llm_unavailable", "auth"],
    ["400 to every format", { kind: "status", status: 400 }, "llm_unavailable", "content"],
    ["a broken connection", { kind: "drop" }, "llm_unavailable", "transport"],
    ["an answer without end", { kind: "flood", bytes: 3_000_000 }, "llm_unavailable", "transport"],
  ])("%s", async (_, step, code, failureClass) => {
    const { llm, summariser } = await start();
    llm.script(step);
    expect(await failure(ask(summariser))).toMatchObject({ code, class: failureClass });
  });

  it("429 carries what the server asked for", async () => {
    const { llm, summariser } = await start();
    llm.script({ kind: "status", status: 429, headers: { "retry-after": "7" } });
    expect(await failure(ask(summariser))).toMatchObject({ class: "throttle", retryAfterMs: 7_000 });
  });

  it.each<[string, LlmStep]>([
    ["says nothing", { kind: "hang" }],
    ["stops in the middle", { kind: "stall" }],
  ])("one that %s is left after the timeout", async (_, step) => {
    const { llm, summariser } = await start({ timeoutMs: 300 });
    llm.script(step);
    expect(await failure(ask(summariser))).toMatchObject({ code: "llm_unavailable", class: "transport" });
  });

  it("a server that is not there", async () => {
    const { llm, summariser } = await start();
    await llm[Symbol.asyncDispose]();
    expect(await failure(ask(summariser))).toMatchObject({ code: "llm_unavailable", class: "transport" });
  });

  it("is left alone after two failures in a row", async () => {
    const { llm, summariser } = await start();
    llm.script({ kind: "status", status: 503 });
    await failure(ask(summariser));
    await failure(ask(summariser));
    const paused = await failure(ask(summariser));
    expect(paused).toMatchObject({ code: "llm_unavailable", class: "transport" });
    expect(paused.retryAfterMs).toBeGreaterThan(0);
    expect(llm.requests).toHaveLength(2);
  });

  it("nonsense alone does not pause it", async () => {
    const { llm, summariser } = await start();
    llm.script({ kind: "text", text: "No." });
    for (let time = 0; time < 3; time += 1) await failure(ask(summariser));
    llm.script(good);
    expect((await ask(summariser)).structured.title).toBe("Budget review");
  });

  it("is given up at once when the work is aborted", async () => {
    const { llm, summariser } = await start({ timeoutMs: 60_000 });
    llm.script({ kind: "hang" });
    const abort = new AbortController();
    const work = summariser.summarise(inputOf(said("Hello there.")), abort.signal);
    await expect.poll(() => llm.requests.length).toBe(1);
    abort.abort();
    await expect(work).rejects.toThrow();
  });
});
