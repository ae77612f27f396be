/** The language that somebody speaks and the engine that the owner prefers, as settings that live sound and uploads follow at once. */
import { SpeechSetting } from "@holdfast/contract";
import { createToken, OWNER_USER_ID, setSpeechEngine } from "@holdfast/store";
import {
  jfkMessages,
  type ScriptedDeepgram,
  startScriptedDeepgram,
  startScriptedOpenAi,
  startWorld,
  type World,
} from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { multipartRequest, recording, wav } from "../support/multipart.ts";

let world: World;
let owner: string;
let first: ScriptedDeepgram;
let second: ScriptedDeepgram;
beforeAll(async () => {
  [first, second] = await Promise.all([startScriptedDeepgram({}), startScriptedDeepgram({})]);
  world = await startWorld({ HOLDFAST_STT: `deepgram+${first.url}/secret-path,deepgram+${second.url}` });
  await world.start("server");
  owner = await createToken(world.db, { userId: OWNER_USER_ID, name: "test", nowMs: Date.now() });
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await Promise.all([first, second].map((engine) => engine?.close()));
});
beforeEach(async () => {
  await setSpeechEngine(world.db, null, Date.now());
  await speak(null);
});

const json = { "content-type": "application/json" };
const ask = (token: string, method: string, path: string, body?: object) =>
  fetch(`${world.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : json) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const speak = (language: unknown) => ask(world.token, "PATCH", "/v1/users/language", { language: language ?? null });
const setting = async (token = world.token) => {
  const text = await (await ask(token, "GET", "/v1/settings/speech")).text();
  expect(text).not.toContain("secret-path");
  return SpeechSetting.strict().parse(JSON.parse(text));
};
const prefer = (token: string, key: string | null) => ask(token, "PUT", "/v1/settings/speech/engine", { key });

const QUERY = "codec=opus_fs320&sample_rate=16000";
/** The language that a live session asks its engine for. */
async function heardIn(query: string, engine = first): Promise<string | null | undefined> {
  const { messages, frameMs } = await jfkMessages("opus_fs320", 0);
  const before = engine.connections.length;
  await using client = await world.listen(query).ready();
  await client.play(messages.slice(0, 20), frameMs / 4);
  await expect.poll(() => engine.connections.length).toBeGreaterThan(before);
  return engine.connections[before]?.query.get("language");
}

describe("the language that somebody speaks", () => {
  it("is nothing until it is said, and one's own", async () => {
    const language = async (token: string) => await (await ask(token, "GET", "/v1/users/language")).json();
    expect(await language(world.token)).toEqual({ language: null });
    expect(await (await speak("de")).json()).toEqual({ status: "ok" });
    expect([await language(world.token), await language(owner)]).toEqual([{ language: "de" }, { language: null }]);
    await speak("auto");
    expect(await language(world.token)).toEqual({ language: "multi" });
    for (const wrong of ["", "d", "de DE", "../x", 7]) expect((await speak(wrong)).status).toBe(422);
  });

  it("counts for live sound whose client names none, from the next socket on", async () => {
    expect(await heardIn(QUERY)).toBe("en");
    await speak("de");
    expect(await heardIn(QUERY)).toBe("de");
    expect(await heardIn(`${QUERY}&language=fr`)).toBe("fr");
    const rows = await world.db.selectFrom("recording_sessions").select("language").orderBy("created_at").execute();
    expect(rows.map((row) => row.language)).toEqual(["en", "de", "fr"]);
  });
});

describe("where an engine takes whole recordings", () => {
  it("uploads are asked for in the language, and in none that no engine knows", async () => {
    const openai = await startScriptedOpenAi();
    for (const [stt, spoken, expected] of [
      [`openai+${openai.url}`, "de", "de"],
      ["embedded", "de", null],
      ["embedded", "en-GB", "en-GB"],
      [`openai+${openai.url}`, null, null],
    ] as const) {
      await using other = await startWorld({ HOLDFAST_STT: stt });
      await other.start("server");
      const patch = { language: spoken };
      expect((await other.rest("PATCH", "/v1/users/language", patch)).status).toBe(200);
      const headers = { authorization: `Bearer ${other.token}` };
      const upload = (path: string, parts: Parameters<typeof multipartRequest>[0]) =>
        fetch(`${other.url}${path}`, multipartRequest(parts, headers));
      expect((await upload("/v2/sync-local-files", [recording(3_600_000, "1")])).status).toBe(202);
      expect((await upload("/v1/uploads", [{ field: "file", fileName: "a.wav", bytes: wav() }])).status).toBe(202);
      const jobs = await other.db.selectFrom("jobs").select("payload").where("kind", "=", "sync").execute();
      expect(jobs.map(({ payload }) => payload.language)).toEqual([expected, expected]);
    }
    await openai.close();
  });

  it("a live session whose language no engine knows is heard as if nobody had said it", async () => {
    await using other = await startWorld({ HOLDFAST_STT: "embedded" });
    await other.start("server");
    await other.rest("PATCH", "/v1/users/language", { language: "de" });
    const refused = other.listen(`${QUERY}&language=de`);
    expect((await refused.ended()).code).toBe(1008);
    await using client = other.listen(QUERY);
    await client.event("service_status", (event) => event.status === "stt_initiating");
  });
});

describe("the engines", () => {
  it("are shown with what they can do and whether they answer, without what is secret", async () => {
    const { engines, preferred, may_choose_engine } = await setting();
    expect(engines).toMatchObject([
      { kind: "deepgram", host: new URL(first.url).host, languages: "any", live: true, batch: false, answers: true },
      { kind: "deepgram", host: new URL(second.url).host, answers: true },
      { kind: "embedded", host: null, model: "base", languages: ["en"], key: "embedded", answers: false },
    ]);
    expect([preferred, may_choose_engine]).toEqual([null, false]);
    expect((await setting(owner)).may_choose_engine).toBe(true);
  });

  it("are asked in the order that the owner wishes, from the next session on", async () => {
    const key = (await setting()).engines[1]?.key ?? "";
    const refused = await prefer(world.token, key);
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: "owner_only" }]);
    expect((await prefer(owner, "another")).status).toBe(404);
    await heardIn(QUERY, first);
    expect((await prefer(owner, key)).status).toBe(200);
    await heardIn(QUERY, second);
    const { engines, preferred } = await setting(owner);
    expect([engines[0]?.host, preferred]).toEqual([new URL(second.url).host, key]);
    expect((await prefer(owner, null)).status).toBe(200);
    await heardIn(QUERY, first);
  });
});
