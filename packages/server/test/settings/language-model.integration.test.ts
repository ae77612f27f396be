/**
 * The language model that the owner sets, through the real gateway and a real pusher: it holds for the next summary without a
 * restart, its key comes out nowhere, and nobody but the owner sees or changes anything.
 */
import { LanguageModelSetting, LanguageModelTest, ServerFacts } from "@holdfast/contract";
import { createToken, OWNER_USER_ID, storedLanguageModel } from "@holdfast/store";
import { type ScriptedLlm, startScriptedLlm, startWorld, type World } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

const PATH = "/v1/settings/language-model";
const KEY = "sk-never-to-be-seen-again";
const GOOD = { title: "Early train", overview: "They take the early train.", category: "travel", discard: false };

let world: World;
let llm: ScriptedLlm;
let owner: string;
beforeAll(async () => {
  llm = await startScriptedLlm();
  world = await startWorld({ HOLDFAST_LOG_LEVEL: "trace" });
  await world.start("server", "pusher");
  owner = await createToken(world.db, { userId: OWNER_USER_ID, name: "test", nowMs: Date.now() });
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await llm?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  llm.script({ kind: "json", answer: GOOD });
  await asOwner("DELETE", PATH);
});

/** Everything that was ever answered. */
let answers = "";

async function ask(token: string, method: string, path: string, body?: object): Promise<[number, unknown]> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { "content-type": "application/json" };
  const response = await fetch(`${world.url}${path}`, {
    method,
    ...json,
    headers: { authorization: `Bearer ${token}`, ...type },
  });
  const text = await response.text();
  answers += text;
  return [response.status, JSON.parse(text)];
}

const asOwner = (method: string, path: string, body?: object) => ask(owner, method, path, body);
const set = (over: object = {}) => asOwner("PUT", PATH, { url: llm.url, model: "tiny", key: KEY, ...over });
const tried = async () => LanguageModelTest.parse((await asOwner("POST", `${PATH}/test`))[1]);

describe("the language model of a server", () => {
  it("is nobody's business but the owner's", async () => {
    for (const [method, path, body] of [
      ["GET", PATH, undefined],
      ["PUT", PATH, { url: llm.url, model: "tiny" }],
      ["DELETE", PATH, undefined],
      ["POST", `${PATH}/test`, undefined],
    ] as const) {
      expect(await ask(world.token, method, path, body)).toMatchObject([403, { code: "owner_only" }]);
    }
    expect(llm.requests).toHaveLength(0);
  });

  it("is set, told without its key, and removed", async () => {
    expect(await asOwner("GET", PATH)).toEqual([200, { origin: "none", url: "", model: "", has_key: false }]);
    const stored = { origin: "stored", url: llm.url, model: "tiny", has_key: true };
    expect(await set()).toEqual([200, stored]);
    const [, shown] = await asOwner("GET", PATH);
    expect(LanguageModelSetting.strict().parse(shown)).toEqual(stored);
    const facts = ServerFacts.parse((await ask(world.token, "GET", "/v1/server"))[1]);
    expect(facts.language_model).toEqual({ host: new URL(llm.url).host, model: "tiny", stored: true });
    expect(facts.you_are_owner).toBe(false);
    expect(await asOwner("DELETE", PATH)).toMatchObject([200, { origin: "none" }]);
  });

  it("keeps its key with its host, and gives it to no other", async () => {
    await set();
    expect(await set({ model: "big", key: undefined })).toMatchObject([200, { model: "big", has_key: true }]);
    expect(await set({ url: `${llm.url}/`, key: undefined })).toMatchObject([200, { has_key: true }]);
    expect(await storedLanguageModel(world.db)).toMatchObject({ key: KEY });
    expect(await set({ url: "http://localhost:1/v1", key: undefined })).toMatchObject([200, { has_key: false }]);
    await set();
    expect(await set({ key: null })).toMatchObject([200, { has_key: false }]);
    await set();
    expect(await set({ key: "" })).toMatchObject([200, { has_key: false }]);
  });

  it.each([
    ["no address", { url: "ollama" }, "address_invalid"],
    ["another kind of address", { url: "file:///etc/passwd" }, "address_invalid"],
    ["an address with a password", { url: "https://me:secret@llm.example" }, "address_invalid"],
    ["an address with a query", { url: "https://llm.example/?key=x" }, "address_invalid"],
    ["no model", { model: " " }, "validation_failed"],
    ["a key with a line break", { key: "a\r\nx-header: b" }, "validation_failed"],
  ])("is not taken with %s", async (_what, over, code) => {
    expect(await set(over)).toMatchObject([422, { code }]);
    expect(await storedLanguageModel(world.db)).toBeUndefined();
  });

  it("writes the next summary without a restart, and the built-in one does after it is removed", async () => {
    const summaryOf = async (words: string): Promise<unknown> => {
      const id = crypto.randomUUID();
      await using client = await world
        .listen(`codec=pcm16&sample_rate=16000&custom_stt=enabled&client_conversation_id=${id}`)
        .ready();
      const segment = { text: words, speaker: "SPEAKER_00", is_user: true, start: 0, end: 4 };
      client.socket.send(JSON.stringify({ type: "suggested_transcript", segments: [segment] }));
      const said = async () => JSON.stringify(await (await world.rest("GET", `/v1/conversations/${id}`)).json());
      await expect.poll(said, { timeout: 10_000 }).toContain(words);
      await world.rest("POST", `/v1/conversations/${id}/finalize`, {});
      const [found] = (await world.finished()).filter((each) => each.id === id);
      return found?.structured.title;
    };
    expect(await summaryOf("We should water the garden before the summer begins.")).not.toBe(GOOD.title);
    await set();
    const before = llm.requests.length;
    expect(await summaryOf("We meet at the station at nine and take the train.")).toBe(GOOD.title);
    expect(llm.requests.slice(before)).toMatchObject([{ authorization: `Bearer ${KEY}`, model: "tiny" }]);
    await asOwner("DELETE", PATH);
    expect(await summaryOf("The roof of the house must be repaired this autumn.")).not.toBe(GOOD.title);
  });

  it("is tried out by a pusher, which says what came back", async () => {
    expect(await tried()).toMatchObject({ outcome: "failed", code: "llm_not_configured" });
    await set();
    expect(await tried()).toMatchObject({ outcome: "answered", title: GOOD.title });
    expect(llm.requests.at(-1)).toMatchObject({ authorization: `Bearer ${KEY}`, model: "tiny" });
    for (const [step, code] of [
      [{ kind: "status", status: 401 }, "llm_refused_key"],
      [{ kind: "status", status: 404 }, "llm_refused"],
      [{ kind: "status", status: 500 }, "llm_unavailable"],
      [{ kind: "text", text: "I would rather not." }, "llm_invalid_answer"],
      [{ kind: "drop" }, "llm_unavailable"],
    ] as const) {
      llm.script(step);
      expect(await tried()).toMatchObject({ outcome: "failed", code });
    }
    llm.script({ kind: "json", answer: GOOD });
    expect(await tried(), "failures of tries are no pause").toMatchObject({ outcome: "answered" });
  });

  it("is tried out only by whoever knows the internal token", async () => {
    const path = `http://127.0.0.1:${world.settings.HOLDFAST_PUSHER_PORT}/v1/language-model/test`;
    expect((await fetch(path, { method: "POST" })).status).toBe(401);
  });

  it("has its key in no answer and in no log", async () => {
    await set();
    await tried();
    await ask(owner, "GET", "/v1/server");
    expect(answers).toContain(llm.url);
    expect(answers).not.toContain(KEY);
    expect(world.said("server") + world.said("pusher")).not.toContain(KEY);
    const archive = await fetch(`${world.url}/v1/users/export`, { headers: { authorization: `Bearer ${owner}` } });
    expect(archive.status).toBe(200);
    expect(Buffer.from(await archive.arrayBuffer()).includes(KEY)).toBe(false);
  });
});

it("where no pusher answers, that is said", async () => {
  await set();
  await world.kill("pusher");
  expect(await asOwner("POST", `${PATH}/test`)).toMatchObject([503, { code: "pusher_unreachable" }]);
});
