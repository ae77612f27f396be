/**
 * A restricted user's live session, through real processes: words stop when the budget of the day is used up, sound goes on
 * being kept, and words come back by themselves; what was said meanwhile is repaired, and every word is there once.
 */
import { randomUUID } from "node:crypto";
import type { Conversation } from "@holdfast/contract";
import { nextUtcMidnight } from "@holdfast/core";
import { type Job, listJobs, loadFairUse, resetFairUse, setFairUseStage } from "@holdfast/store";
import {
  jfkMessages,
  type LiveClient,
  type RoleName,
  type ScriptedDeepgram,
  type ScriptedOpenAi,
  startScriptedDeepgram,
  startScriptedOpenAi,
  waitFor,
} from "@holdfast/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startWorld, type World } from "./world.ts";

const QUERY = "codec=opus_fs320&sample_rate=16000&language=de&audio_ack=enabled";
const USER = "u1";
const BY = { userId: USER, by: "admin:test" };

let world: World;
let deepgram: ScriptedDeepgram;
let openai: ScriptedOpenAi;
let messages: Uint8Array[];
let frameMs: number;

beforeEach(async () => {
  ({ messages, frameMs } = await jfkMessages("opus_fs320", 2));
  deepgram = await startScriptedDeepgram({
    transcripts: ["One.", "Two.", "Three.", "Four.", "Five."],
    finalSeconds: 2,
  });
  openai = await startScriptedOpenAi((_request, count) => ({ body: { text: `Repaired ${count}.` } }));
});
afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
  await deepgram.close();
  await openai.close();
});

const play = (client: LiveClient, from: number, to: number) => client.play(messages.slice(from, to), frameMs / 4);
const acknowledged = (client: LiveClient, sequence: number) =>
  client.event("audio_ack", (event) => Number(event.sequence) >= sequence);
const states = (client: LiveClient) =>
  client.events.filter((event) => event.type === "service_status").map((event) => event.status);
const paused = (client: LiveClient) => client.event("service_status", (event) => event.status === "stt_paused");
const repairs = async (): Promise<Job[]> => await listJobs(world.db, { userId: USER, kinds: ["repair"], limit: 10 });
const reset = () => resetFairUse(world.db, { ...BY, nowMs: Date.now() });

async function openWorld(stt: string, checkSeconds: number, ...roles: RoleName[]): Promise<void> {
  world = await startWorld({
    HOLDFAST_STT: stt,
    FAIR_USE_ENABLED: "true",
    FAIR_USE_RESTRICT_DAILY_DG_MS: "4000",
    FAIR_USE_CHECK_INTERVAL_SECONDS: `${checkSeconds}`,
  });
  await world.start("server", ...roles);
}

const openRestricted = async (): Promise<void> => {
  await openWorld(`deepgram+${deepgram.url},openai+${openai.url}`, 1, "worker", "pusher");
  await setFairUseStage(world.db, { ...BY, nowMs: Date.now() }, "restrict");
};

/** Each word that may be said once, in order. */
const wordsOf = (text: string): string[] => text.match(/One|Two|Three|Four|Five|Repaired \d/g) ?? [];

async function stopped(): Promise<Conversation> {
  const response = await world.rest("POST", "/v1/conversations", {});
  expect(response.status).toBe(200);
  return ((await response.json()) as { readonly conversation: Conversation }).conversation;
}

describe("a live session over its budget", () => {
  beforeEach(openRestricted);

  it("keeps sound without words, says so once, and goes on by itself after a reset", async () => {
    await using client = await world.listen(QUERY).ready();
    await play(client, 0, 220);
    const told = await paused(client);
    expect(told).toMatchObject({ reason: "fair_use", retryable: true });
    expect(Number(told.retry_after)).toBeGreaterThanOrEqual(1);
    expect(Number(told.retry_after)).toBeLessThanOrEqual(3_600);
    const before = wordsOf(client.text);
    expect(before.slice(0, 2)).toEqual(["One", "Two"]);
    const fed = deepgram.connections[0]?.audio.length ?? 0;

    await play(client, 220, 400);
    await acknowledged(client, 400);
    expect(deepgram.connections).toHaveLength(1);
    expect(deepgram.connections[0]?.audio).toHaveLength(fed);
    expect(wordsOf(client.text)).toEqual(before);
    expect(client.closed).toBeUndefined();

    await reset();
    await waitFor("the engine to be asked again", () => deepgram.connections.length === 2);
    await waitFor("ready again", () => states(client).at(-1) === "ready");
    await play(client, 400, 640);
    await waitFor("new words", () => wordsOf(client.text).length > before.length);
    const [repair] = await waitFor("the repair", async () => {
      const jobs = await repairs();
      return jobs.length > 0 && jobs.every((job) => job.state === "completed") ? jobs : undefined;
    });
    expect(repair).toMatchObject({ attempts: 0, payload: { from_message: fed, to_message: 400 } });
    expect(states(client).filter((state) => state === "stt_paused" || state === "stt_recovering")).toEqual([
      "stt_paused",
    ]);
    const low = client.events.filter((event) => event.type === "freemium_threshold_reached");
    expect(low.at(-1)).toMatchObject({ remaining_seconds: 0, action: "setup_on_device_stt" });
    expect(low.length).toBeLessThanOrEqual(2);

    const conversation = await stopped();
    const said = conversation.transcript_segments.flatMap((segment) => wordsOf(segment.text));
    expect(said.toSorted()).toEqual([...wordsOf(client.text), "Repaired 1"].toSorted());
    expect(new Set(said).size).toBe(said.length);
    const at = (word: string): number =>
      conversation.transcript_segments.find((segment) => segment.text.includes(word))?.start ?? -1;
    expect(at("Repaired 1")).toBeGreaterThan(at("One"));
    expect(at(wordsOf(client.text).at(-1) ?? "")).toBeGreaterThan(at("Repaired 1"));
  });

  it("begins without words where nothing is left, and what it says waits visibly until something is", async () => {
    const id = randomUUID();
    await using first = await world.listen(QUERY).ready();
    await play(first, 0, 220);
    await paused(first);
    await first.close();
    await using client = await world.listen(`${QUERY}&client_conversation_id=${id}`).ready();
    await paused(client);
    expect(states(client).slice(-2)).toEqual(["ready", "stt_paused"]);
    await play(client, 0, 100);
    await acknowledged(client, 100);
    const stopping = stopped();
    const waiting = await waitFor("the repair to say why it waits", async () => {
      const jobs = await repairs();
      return jobs.find((job) => job.state === "queued" && job.reasonCode === "fair_use");
    });
    expect(waiting).toMatchObject({ conversationId: id, attempts: 0 });
    expect(Math.abs(waiting.dueMs - nextUtcMidnight(Date.now()))).toBeLessThan(5_000);
    expect(openai.requests).toHaveLength(0);
    const response = await world.rest("GET", `/v1/conversations/${id}`);
    expect(await response.json()).toMatchObject({ status: "processing", state_reason: "awaiting_transcription" });
    const spent = (await loadFairUse(world.db, USER, Date.now())).totals.daily;

    await reset();
    const conversation = await stopping;
    expect(conversation).toMatchObject({ id, status: "completed" });
    expect(conversation.transcript_segments.map((segment) => segment.text)).toEqual(["Repaired 1."]);
    const { totals } = await loadFairUse(world.db, USER, Date.now());
    expect(Math.abs(totals.daily - spent - 2_000)).toBeLessThan(100);
  });
});

describe("a live session within its limits", () => {
  it("is measured by what was said, once, also where its engine is cut and fed again and its gateway killed", async () => {
    await openWorld(`deepgram+${deepgram.url}`, 300);
    await using client = await world.listen(QUERY).ready();
    await play(client, 0, 330);
    await waitFor("two words", () => wordsOf(client.text).length >= 2);
    deepgram.connections[0]?.cut();
    await play(client, 330, 500);
    await waitFor("four words", () => wordsOf(client.text).length >= 4);
    expect(states(client)).not.toContain("stt_paused");
    await world.kill("server");
    const measured = await waitFor("the meter to agree with the words", async () => {
      const words = await world.db.selectFrom("segments").select("text").execute();
      const said = words.flatMap(({ text }) => wordsOf(text)).length;
      const use = await loadFairUse(world.db, USER, Date.now());
      const off = use.totals.daily - said * 2_000;
      return said >= 4 && off > -1_000 && off <= 100 ? use : undefined;
    });
    expect(measured.budgetUsedMs).toBe(0);
  });
});
