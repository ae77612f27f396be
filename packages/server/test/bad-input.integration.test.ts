/**
 * Everything a client can get wrong over HTTP. Each case gets its status and its body, leaves no file behind, starts no job,
 * and leaves the process as it was.
 */
import { connect } from "node:net";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import {
  BOUNDARY,
  MULTIPART_TYPE,
  multipartBody,
  multipartRequest,
  type Part,
  recording,
  wav,
} from "./support/multipart.ts";

let server: TestServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server);
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});
afterEach(async () => {
  expect(await gateway.leftovers()).toEqual([]);
  expect(await gateway.db.selectFrom("jobs").selectAll().execute()).toEqual([]);
  expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
});

interface Case {
  readonly what: string;
  readonly path: string;
  readonly init?: RequestInit;
  readonly status: number;
  readonly body?: unknown;
}

const HOUR = 3_600_000;
const good = recording(HOUR);
const named = (fileName: string | null, bytes: Part["bytes"] = "x"): Part => ({ field: "files", fileName, bytes });
const json = (body: string): RequestInit => ({ method: "POST", headers: { "content-type": "application/json" }, body });
const text = (words: string) => ({ detail: expect.stringContaining(words) as unknown });
const fields = (...loc: string[]) => ({ detail: [expect.objectContaining({ loc })] });
const missing = { detail: [{ loc: ["body", "files"], msg: "Field required", type: "missing" }] };
const problem = (code: string, status: number) =>
  expect.objectContaining({ code, status, class: "permanent_input" }) as unknown;

const sync = (what: string, init: RequestInit, status: number, body?: unknown): Case => ({
  what: `upload: ${what}`,
  path: "/v2/sync-local-files",
  init,
  status,
  body,
});
const own = (what: string, init: RequestInit, status: number, code: string): Case => ({
  what: `sound upload: ${what}`,
  path: "/v1/uploads",
  init,
  status,
  body: problem(code, status),
});
const read = (what: string, path: string, status: number, body?: unknown): Case => ({ what, path, status, body });
const raw = (body: string | Buffer, type = MULTIPART_TYPE): RequestInit => ({
  method: "POST",
  headers: { "content-type": type },
  body: typeof body === "string" ? body : new Uint8Array(body),
});
const sound = (fileName: string, bytes: Part["bytes"]): Part => ({ field: "file", fileName, bytes });
const startedAt = (value: string): Part => ({ field: "started_at", fileName: null, bytes: value });

const badNames: readonly (readonly [string, string | null, string])[] = [
  ["no name", null, "no file name"],
  ["an empty name", "", "no file name"],
  ["no .bin", "audio_1756000000.wav", "must be named"],
  [".BIN", "audio_1756000000.BIN", "must be named"],
  ["no underscore", "1756000000.bin", "must be named"],
  ["a slash", "a/b_1756000000.bin", "path separators"],
  ["a path up", "../../../etc/audio_1756000000.bin", "path separators"],
  ["an absolute path", "/tmp/audio_1756000000.bin", "path separators"],
  ["a backslash", "a\\\\b_1756000000.bin", "path separators"],
  ["dots", "audio..x_1756000000.bin", "path separators"],
  ["NUL", "audio\0_1756000000.bin", "path separators"],
  ["NUL before another extension", "audio_1756000000.bin\0.wav", "path separators"],
  ["a control character", "audio\x07_1756000000.bin", "path separators"],
  ["300 bytes", `${"a".repeat(290)}_1756000000.bin`, "longer than"],
  ["time zero", "audio_0.bin", "invalid timestamp"],
  ["a huge time", "audio_999999999999999999999999.bin", "invalid timestamp"],
  ["words for a time", "audio_not-a-timestamp.bin", "invalid timestamp"],
  ["no time", "audio_.bin", "invalid timestamp"],
  ["a negative time", "audio_-1756000000.bin", "invalid timestamp"],
  ["an exponent", "audio_1e9.bin", "invalid timestamp"],
  ["a time before 2024", "audio_1700000000.bin", "invalid timestamp"],
  ["the future", `audio_${Math.floor(Date.now() / 1000) + 3600}.bin`, "invalid timestamp"],
];

const CASES: readonly Case[] = [
  ...badNames.map(([what, name, words]) => sync(what, multipartRequest([named(name)]), 400, text(words))),
  sync(
    "a bad name after good files",
    multipartRequest([good, recording(2 * HOUR), named("bad.txt")]),
    400,
    text("must be named"),
  ),
  sync("older than 30 days", multipartRequest([good, recording(31 * 24 * HOUR)]), 422, {
    code: "backfill_lookback_exceeded",
    detail: expect.any(String),
    lane: "backfill",
  }),
  sync("no parts", raw(`--${BOUNDARY}--\r\n`), 422, missing),
  sync("no body", { method: "POST" }, 422, missing),
  sync("an empty multipart body", raw(""), 422, missing),
  sync("JSON", json('{"files":[]}'), 422, missing),
  sync("text", raw("hello", "text/plain"), 422, missing),
  sync("another field", multipartRequest([{ ...good, field: "file" }]), 422, missing),
  sync("an ordinary field only", multipartRequest([{ field: "note", fileName: null, bytes: "x" }]), 422, missing),
  sync("no boundary", raw("x", "multipart/form-data"), 422, fields("body")),
  sync("another boundary", raw(multipartBody([good]), "multipart/form-data; boundary=other"), 422, fields("body")),
  sync("garbage", raw("garbage garbage garbage"), 422, fields("body")),
  sync("a body that ends early", raw(multipartBody([good]).subarray(0, -20)), 422, fields("body")),
  sync("a body that ends in a header", raw(multipartBody([good]).subarray(0, 60)), 422, fields("body")),
  sync(
    "a second file that ends early",
    raw(multipartBody([good, recording(2 * HOUR)]).subarray(0, -30)),
    422,
    fields("body"),
  ),
  sync(
    "too many parts",
    multipartRequest(Array.from({ length: 1_100 }, () => named("x.txt")).map((part) => ({ ...part, field: "other" }))),
    413,
    text("too large"),
  ),

  own("garbage", multipartRequest([sound("a.wav", "garbage garbage garbage")]), 415, "unsupported_audio"),
  own("an empty file", multipartRequest([sound("a.wav", "")]), 415, "unsupported_audio"),
  own(
    "a page called mp3",
    multipartRequest([sound("a.mp3", "<!doctype html><html></html>")]),
    415,
    "unsupported_audio",
  ),
  own(
    "garbage after a good file",
    multipartRequest([sound("a.wav", wav()), sound("b.wav", "garbage garbage")]),
    415,
    "unsupported_audio",
  ),
  own("two sorts", multipartRequest([sound("a.wav", wav()), { ...good, field: "file" }]), 400, "mixed_upload"),
  own("a path", multipartRequest([sound("../a.wav", wav())]), 400, "upload_invalid_name"),
  own("NUL in the name", multipartRequest([sound("a\0.wav", wav())]), 400, "upload_invalid_name"),
  own("no name", multipartRequest([{ field: "file", fileName: null, bytes: "x" }]), 400, "upload_invalid_name"),
  own("a .bin with a bad time", multipartRequest([sound("audio_1.bin", "x")]), 400, "sync_invalid_timestamp"),
  own("an unreadable start", multipartRequest([startedAt("soon"), sound("a.wav", wav())]), 400, "invalid_started_at"),
  own(
    "a start in the future",
    multipartRequest([sound("a.wav", wav()), startedAt("2999-01-01")]),
    400,
    "invalid_started_at",
  ),
  own("no file", multipartRequest([startedAt("2024-01-01")]), 422, "files_missing"),
  own("JSON", json("{}"), 422, "files_missing"),
  own("a broken body", raw("garbage"), 422, "multipart_malformed"),

  read("job: not a UUID", "/v2/sync-local-files/x", 404, { detail: "Job not found" }),
  read("job: an attack", "/v2/sync-local-files/'%20or%201=1", 404, { detail: "Job not found" }),
  read("job: NUL", "/v2/sync-local-files/%00", 404, { detail: "Job not found" }),
  read("job: own route", "/v1/uploads/x", 404, problem("job_not_found", 404)),

  read("conversation: unknown", "/v1/conversations/unknown", 404, { detail: "Conversation not found" }),
  read("conversation: NUL", "/v1/conversations/a%00b", 404, { detail: "Conversation not found" }),
  read("conversation: too long", `/v1/conversations/${"a".repeat(300)}`, 404, { detail: "Conversation not found" }),
  read("conversation: a path", "/v1/conversations/..%2f..%2fetc", 404, { detail: "Conversation not found" }),
  read("conversation: a broken escape", "/v1/conversations/%zz", 400, { detail: expect.any(String) }),
  read("list: limit 0", "/v1/conversations?limit=0", 422, fields("query", "limit")),
  read("list: limit below zero", "/v1/conversations?limit=-1", 422, fields("query", "limit")),
  read("list: limit in words", "/v1/conversations?limit=ten", 422, fields("query", "limit")),
  read("list: limit twice", "/v1/conversations?limit=1&limit=2", 422, fields("query", "limit")),
  read("list: offset in words", "/v1/conversations?offset=x", 422, fields("query", "offset")),
  read("list: a flag in words", "/v1/conversations?starred=maybe", 422, fields("query", "starred")),
  read("list: a bad date", "/v1/conversations?start_date=yesterday", 422, fields("query", "start_date")),
  read("list: NUL", "/v1/conversations?statuses=%00", 422, fields("query", "statuses")),
  read("list: start after end", "/v1/conversations?start_date=2026-02-01&end_date=2026-01-01", 400, text("start_date")),
  read("list: several of both", "/v1/conversations?statuses=completed,failed&sources=omi,phone", 400, text("several")),
  read("list: 21 values", `/v1/conversations?statuses=${"x,".repeat(21)}`, 400, text("at most 20")),
  read("count: several of both", "/v1/conversations/count?statuses=a,b&sources=c,d", 400, text("several")),

  {
    what: "title: none",
    path: "/v1/conversations/x/title",
    init: { method: "PATCH" },
    status: 422,
    body: fields("query", "title"),
  },
  {
    what: "title: NUL",
    path: "/v1/conversations/x/title?title=%00",
    init: { method: "PATCH" },
    status: 422,
    body: fields("query", "title"),
  },
  {
    what: "title: too long",
    path: `/v1/conversations/x/title?title=${"a".repeat(501)}`,
    init: { method: "PATCH" },
    status: 422,
    body: fields("query", "title"),
  },
  {
    what: "visibility: unknown",
    path: "/v1/conversations/x/visibility?value=secret",
    init: { method: "PATCH" },
    status: 422,
    body: fields("query", "value"),
  },
  {
    what: "delete: unknown",
    path: "/v1/conversations/x",
    init: { method: "DELETE" },
    status: 404,
    body: { detail: "Conversation not found" },
  },
  {
    what: "finalize: unknown",
    path: "/v1/conversations/x/finalize",
    init: { method: "POST" },
    status: 404,
    body: { detail: "Conversation not found" },
  },
  {
    what: "stop: nothing open",
    path: "/v1/conversations",
    init: json(""),
    status: 404,
    body: { detail: "Conversation in progress not found" },
  },
  { what: "stop: bad JSON", path: "/v1/conversations", init: json("{"), status: 422, body: fields("body") },
  { what: "stop: a list", path: "/v1/conversations", init: json("[]"), status: 422 },
  {
    what: "stop: text",
    path: "/v1/conversations",
    init: raw("stop", "text/plain"),
    status: 415,
    body: text("application/json"),
  },
  {
    what: "stop: prototype pollution",
    path: "/v1/conversations",
    init: json('{"__proto__":{"x":1}}'),
    status: 422,
    body: fields("body"),
  },

  { what: "search: no body", path: "/v1/conversations/search", init: { method: "POST" }, status: 422 },
  {
    what: "search: bad JSON",
    path: "/v1/conversations/search",
    init: json('{"query":'),
    status: 422,
    body: fields("body"),
  },
  {
    what: "search: no query",
    path: "/v1/conversations/search",
    init: json("{}"),
    status: 422,
    body: fields("body", "query"),
  },
  {
    what: "search: a number",
    path: "/v1/conversations/search",
    init: json('{"query":5}'),
    status: 422,
    body: fields("body", "query"),
  },
  {
    what: "search: NUL",
    path: "/v1/conversations/search",
    init: json('{"query":"a\\u0000b"}'),
    status: 422,
    body: fields("body", "query"),
  },
  {
    what: "search: page 0",
    path: "/v1/conversations/search",
    init: json('{"query":"a","page":0}'),
    status: 422,
    body: fields("body", "page"),
  },
  {
    what: "search: a huge page",
    path: "/v1/conversations/search",
    init: json('{"query":"a","per_page":100000}'),
    status: 422,
    body: fields("body", "per_page"),
  },
  {
    what: "search: a bad date",
    path: "/v1/conversations/search",
    init: json('{"query":"a","start_date":"soon"}'),
    status: 400,
    body: text("ISO 8601"),
  },
  {
    what: "search: 2 MiB",
    path: "/v1/conversations/search",
    init: json(`{"query":"${"a".repeat(2_097_152)}"}`),
    status: 413,
    body: text("too large"),
  },
  {
    what: "search: wrong type",
    path: "/v1/conversations/search",
    init: raw("query=a", "application/x-www-form-urlencoded"),
    status: 415,
  },

  read("no such route", "/v1/nothing", 404, { detail: "Not Found" }),
  read("a socket asked for without an upgrade", "/v4/listen", 404, { detail: "Not Found" }),
  {
    what: "wrong method",
    path: "/v1/conversations",
    init: { method: "PUT" },
    status: 404,
    body: { detail: "Not Found" },
  },
];

describe("what a client can get wrong", () => {
  it.each(CASES)("$what", async ({ path, init, status, body }) => {
    const answer = await gateway.ask(path, init ?? {});
    const got: unknown = await answer.json();
    expect(answer.status, JSON.stringify(got)).toBe(status);
    if (body !== undefined) expect(got).toEqual(body);
    expect(JSON.stringify(got)).not.toMatch(/node_modules|at \w+ \(|\/tmp\/|postgres|select /i);
  });

  it("searches with unpaired surrogates without harm", async () => {
    const answer = await gateway.ask("/v1/conversations/search", json('{"query":"a\\ud800b"}'));
    expect(answer.status).toBe(200);
  });
});

/** Sends bytes as they are and gives back everything that is answered until the server closes. */
function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(gateway.port, "127.0.0.1", () => socket.write(bytes));
    let answer = "";
    socket.setTimeout(10_000, () => socket.destroy(new Error("no answer")));
    socket.on("data", (chunk) => (answer += String(chunk)));
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
  });
}

describe("what is not even HTTP", () => {
  it.each([
    ["garbage", "garbage\r\n\r\n", "400 Bad Request"],
    ["a header without a colon", "GET / HTTP/1.1\r\nHost x\r\n\r\n", "400 Bad Request"],
    ["two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400 Bad Request"],
    ["headers without end", `GET / HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(20_000)}\r\n\r\n`, "431 Request Header"],
    ["an upgrade to nowhere", upgrade("/v9/listen", "websocket"), "404 Not Found"],
    ["an upgrade on a REST path", upgrade("/v1/users/me", "h2c"), "401 Unauthorized"],
  ])("%s", async (_what, bytes, line) => {
    expect((await exchange(bytes)).split("\r\n", 1)[0]).toContain(line);
  });
});

function upgrade(path: string, to: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: ${to}\r\n\r\n`;
}
