import { describe, expect, test, vi } from "vitest";
import { failureOf, parseRetryAfter, request } from "../src/api/http.ts";
import { followConversation, followJob, HoldfastApi, retrying } from "../src/index.ts";
import { fixedRandom, ManualClock } from "./manual-clock.ts";

const NOW = 1_790_000_000_000;
const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });

describe("what an answer means", () => {
  test.each<[number, Record<string, string>, unknown, object]>([
    [401, {}, { detail: "no" }, { class: "auth", code: "unauthorized", scope: "account", message: "no" }],
    [403, {}, undefined, { class: "auth", code: "forbidden" }],
    [404, {}, { detail: "Job not found" }, { class: "permanent_input", code: "not_found", scope: "item" }],
    [413, {}, undefined, { class: "permanent_input", code: "payload_too_large" }],
    [422, {}, { code: "backfill_lookback_exceeded" }, { class: "permanent_input", code: "backfill_lookback_exceeded" }],
    [409, { "retry-after": "10" }, { code: "sync_content_in_progress" }, { class: "capacity", retryAfterMs: 10_000 }],
    [409, {}, {}, { class: "permanent_input", code: "http_409" }],
    [429, { "retry-after": "3" }, {}, { class: "throttle", retryAfterMs: 3_000, scope: "account" }],
    [429, {}, {}, { class: "throttle", retryAfterMs: undefined }],
    [500, {}, { detail: "boom" }, { class: "transport", retryable: true }],
    [502, {}, undefined, { class: "transport", code: "http_502" }],
    [503, {}, { code: "backfill_capacity" }, { class: "capacity", code: "backfill_capacity", scope: "service" }],
    [503, {}, { class: "auth", scope: "item", retry_after_ms: 12 }, { class: "auth", scope: "item", retryAfterMs: 12 }],
    [418, {}, { class: "nonsense", retry_after_ms: -1 }, { class: "permanent_input", retryAfterMs: undefined }],
    [429, { "retry-after": "99999999" }, {}, { retryAfterMs: 86_400_000 }],
  ])("%i %j %j", (status, headers, body, expected) => {
    expect(failureOf(status, new Headers(headers), body, NOW)).toMatchObject(expected);
  });

  test("both forms of Retry-After, and nonsense", () => {
    expect(parseRetryAfter("1.5", NOW)).toBe(1_500);
    expect(parseRetryAfter(new Date(NOW + 4_000).toUTCString(), NOW)).toBe(4_000);
    expect(parseRetryAfter(new Date(NOW - 4_000).toUTCString(), NOW)).toBe(0);
    expect(parseRetryAfter("soon", NOW)).toBeUndefined();
    expect(parseRetryAfter(null, NOW)).toBeUndefined();
  });
});

describe("an exchange", () => {
  const options = { server: "http://s/", token: "t", clock: new ManualClock() };

  test("carries the token and the query", async () => {
    const fetch = vi.fn(async (_url: string, _init: RequestInit) => json({ ok: true }));
    await request({ ...options, fetch }, { method: "GET", path: "/x", query: { a: "1 2", b: undefined } });
    expect(fetch.mock.calls[0]?.[0]).toBe("http://s/x?a=1+2");
    expect(fetch.mock.calls[0]?.[1].headers).toMatchObject({ authorization: "Bearer t" });
  });

  test("no answer is a failure of the transport", async () => {
    const fetch = async (): Promise<Response> => Promise.reject(new TypeError("fetch failed"));
    await expect(request({ ...options, fetch }, { method: "GET", path: "/" })).rejects.toMatchObject({
      class: "transport",
      code: "unreachable",
    });
  });

  test("a success that is not JSON is not believed", async () => {
    const fetch = async (): Promise<Response> => new Response("<html>");
    await expect(request({ ...options, fetch }, { method: "GET", path: "/" })).rejects.toMatchObject({
      code: "bad_answer",
    });
  });

  test("waits 30 s for an answer", async () => {
    const clock = new ManualClock();
    const fetch = (_url: string, init: RequestInit): Promise<Response> =>
      new Promise((_resolve, reject) => init.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    const failed = expect(request({ ...options, clock, fetch }, { method: "GET", path: "/" })).rejects.toMatchObject({
      code: "timeout",
      class: "transport",
    });
    await clock.advance(30_000);
    await failed;
  });

  test("can be given up", async () => {
    const fetch = async (_url: string, init: RequestInit): Promise<Response> => {
      init.signal?.throwIfAborted();
      return json({});
    };
    const call = { method: "GET", path: "/", signal: AbortSignal.abort() } as const;
    await expect(request({ ...options, fetch }, call)).rejects.toMatchObject({ code: "aborted" });
  });
});

function api(...answers: (Response | Error)[]): { api: HoldfastApi; calls: { url: string; init: RequestInit }[] } {
  const calls: { url: string; init: RequestInit }[] = [];
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    calls.push({ url, init });
    const answer = answers.shift() ?? new Error("no more answers");
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { api: new HoldfastApi({ server: "http://s", token: "t", fetch, clock: new ManualClock() }), calls };
}

const conversation = (status: string): object => ({ id: "c", status, transcript_segments: [] });
const job = (status: string): object => ({ job_id: "j", status, total_segments: 0 });

describe("the routes", () => {
  test("each asks what the reference says", async () => {
    const wrapped = { conversation: conversation("processing"), messages: [] };
    const { api: client, calls } = api(
      json([conversation("completed")]),
      json({ count: 4 }),
      json(conversation("completed")),
      json({ items: [conversation("completed")] }),
      json(wrapped),
      json(wrapped),
      json({ status: "Ok" }),
      json({ status: "Ok" }),
      json({ status: "Ok" }),
    );
    await client.listConversations({
      limit: 5,
      offset: 2,
      statuses: ["processing", "completed"],
      includeDiscarded: true,
    });
    expect(await client.countConversations(["completed"])).toBe(4);
    await client.getConversation("a/b");
    expect(await client.searchConversations("country")).toHaveLength(1);
    await client.stopConversation();
    await client.finalizeConversation("c");
    await client.deleteConversation("c");
    await client.setTitle("c", "New & better");
    await client.setStarred("c", true);
    expect(calls.map(({ url, init }) => `${init.method} ${url.replace("http://s", "")}`)).toEqual([
      "GET /v1/conversations?limit=5&offset=2&statuses=processing%2Ccompleted&include_discarded=true",
      "GET /v1/conversations/count?statuses=completed&include_discarded=true",
      "GET /v1/conversations/a%2Fb",
      "POST /v1/conversations/search",
      "POST /v1/conversations",
      "POST /v1/conversations/c/finalize",
      "DELETE /v1/conversations/c",
      "PATCH /v1/conversations/c/title?title=New+%26+better",
      "PATCH /v1/conversations/c/starred?starred=true",
    ]);
  });

  test("says whose words are: the owner's, a person's, or nobody's that is known", async () => {
    const anna = { id: "a/1", name: "Anna" };
    const done = conversation("completed");
    const { api: client, calls } = api(
      json([anna]),
      json(anna),
      json(done),
      json(done),
      json(done),
      json({}),
      json([]),
    );
    expect(await client.listPeople()).toEqual([anna]);
    expect(await client.addPerson("Anna")).toEqual(anna);
    await client.assignSpeaker("c", 2, { personId: "a/1" });
    await client.assignSpeaker("c", 0, "unknown");
    await client.assignSegments("c", ["s1", "s2"], "mine");
    expect(calls.map(({ url, init }) => `${init.method} ${url.replace("http://s", "")}`)).toEqual([
      "GET /v1/users/people?include_speech_samples=false",
      "POST /v1/users/people",
      "PATCH /v1/conversations/c/assign-speaker/2?assign_type=person_id&value=a%2F1",
      "PATCH /v1/conversations/c/assign-speaker/0?assign_type=is_user&value=false",
      "PATCH /v1/conversations/c/segments/assign-bulk",
    ]);
    expect(JSON.parse(String(calls[1]?.init.body))).toEqual({ name: "Anna" });
    expect(JSON.parse(String(calls[4]?.init.body))).toEqual({
      ...{ assign_type: "is_user", value: "true", segment_ids: ["s1", "s2"] },
    });
    await expect(client.listPeople()).rejects.toMatchObject({ code: "bad_answer" });
    await expect(client.addPerson("Bo")).rejects.toMatchObject({ code: "bad_answer" });
  });

  test("readiness is an answer also where the server is not ready", async () => {
    const answer = { ok: false, parts: { database: { ok: false, why: "away" } } };
    const { api: client } = api(json(answer, 503), json({ detail: "no" }, 503), json({ detail: "no" }, 500));
    expect(await client.readiness()).toEqual(answer);
    await expect(client.readiness()).rejects.toMatchObject({ code: "bad_answer" });
    await expect(client.readiness()).rejects.toMatchObject({ code: "http_500" });
  });

  test("an upload is a form, with the time before the file", async () => {
    const accepted = {
      job_id: "j",
      status: "queued",
      total_files: 2,
      total_segments: 0,
      poll_after_ms: 0,
      lane: "fresh",
    };
    const { api: client, calls } = api(json(accepted, 202), json(accepted, 202));
    const file = (name: string) => ({ name, content: new Blob(["abc"]) });
    await client.uploadRecordings([file("a_1.bin"), file("b_2.bin")]);
    const form = calls[0]?.init.body;
    if (!(form instanceof FormData)) throw new Error("not a form");
    expect(form.getAll("files").map((part) => (part instanceof File ? part.name : part))).toEqual([
      "a_1.bin",
      "b_2.bin",
    ]);
    await client.uploadSound(file("talk.mp3"), { startedAtMs: 0 });
    expect(calls.map(({ url }) => url)).toEqual(["http://s/v2/sync-local-files", "http://s/v1/uploads"]);
    const sound = calls[1]?.init.body;
    if (!(sound instanceof FormData)) throw new Error("not a form");
    expect([...sound.keys()]).toEqual(["started_at", "file"]);
    expect(sound.get("started_at")).toBe("0");
  });

  test("an answer of another shape is a failure, not a guess", async () => {
    const { api: client } = api(json({}), json([1]), json({ job: 1 }), json([]));
    await expect(client.listConversations()).rejects.toMatchObject({ code: "bad_answer" });
    await expect(client.listConversations()).rejects.toMatchObject({ code: "bad_answer" });
    await expect(client.getJob("j")).rejects.toMatchObject({ code: "bad_answer" });
    await expect(client.getConversation("j")).rejects.toMatchObject({ code: "bad_answer" });
  });
});

describe("waiting for an outcome", () => {
  const patient = (clock: ManualClock, ms = 600_000) => ({
    clock,
    random: fixedRandom(),
    deadlineMs: clock.now() + ms,
  });

  test("a job is asked for at the server's pace, failures are waited out", async () => {
    const clock = new ManualClock();
    const { api: client, calls } = api(
      new Error("killed"),
      json({ detail: "busy" }, 503, { "retry-after": "10" }),
      json(job("processing"), 200, { "retry-after": "5" }),
      json(job("completed")),
    );
    const seen: string[] = [];
    const done = followJob(
      client,
      { job_id: "j", poll_after_ms: 3_000 },
      { ...patient(clock), onJob: (one) => seen.push(one.status) },
    );
    await clock.advance(2_999);
    expect(calls).toHaveLength(0);
    await clock.advance(300);
    expect(calls).toHaveLength(2);
    await clock.advance(9_900);
    expect(calls).toHaveLength(2);
    await clock.advance(200);
    expect(calls).toHaveLength(3);
    await clock.advance(5_000);
    expect(await done).toMatchObject({ status: "completed" });
    expect(seen).toEqual(["processing", "completed"]);
  });

  test("a conversation is asked for until it is final", async () => {
    const clock = new ManualClock();
    const { api: client } = api(json(conversation("processing")), json(conversation("completed")));
    const done = followConversation(client, "c", patient(clock));
    await clock.advance(500);
    expect(await done).toMatchObject({ status: "completed" });
  });

  test("the deadline ends the waiting with its own code", async () => {
    const clock = new ManualClock();
    const client = { getConversation: async () => ({ status: "processing" }) as never };
    const failed = expect(followConversation(client, "c", patient(clock, 2_000))).rejects.toMatchObject({
      code: "gave_up_waiting",
    });
    await clock.advance(5_000);
    await failed;
  });

  test("what cannot get better is not tried again", async () => {
    const clock = new ManualClock();
    const { api: client, calls } = api(json({ detail: "no" }, 401));
    await expect(retrying(() => client.getConversation("c"), patient(clock))).rejects.toMatchObject({ class: "auth" });
    expect(calls).toHaveLength(1);
  });

  test("the last real failure is thrown when the time is up", async () => {
    const clock = new ManualClock();
    let calls = 0;
    const failed = expect(
      retrying(
        () => {
          calls += 1;
          return Promise.reject(failureOf(503, new Headers(), {}, NOW));
        },
        { ...patient(clock, 3_000) },
      ),
    ).rejects.toMatchObject({ class: "capacity", code: "unavailable" });
    await clock.advance(60_000);
    await failed;
    expect(calls).toBeGreaterThan(2);
    expect(calls).toBeLessThan(8);
  });
});
