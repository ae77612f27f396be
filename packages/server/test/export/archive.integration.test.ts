/**
 * The archive of a user in a real gateway: everything is in it once and nothing of anybody else, it is made no faster than it is
 * read, and whoever goes away ends it.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Conversation } from "@holdfast/contract";
import {
  addPhoto,
  type BlobStore,
  createConversation,
  createMemory,
  createPerson,
  type Db,
  setWebhook,
} from "@holdfast/store";
import { startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { readZip } from "./read-zip.ts";

/** What is garbage says nothing about what is held. */
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const T0 = Date.UTC(2026, 4, 1, 12);

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

/** Conversations `c00000` and so on, each with segments of so many characters. */
async function talk(db: Db, userId: string, count: number, segments: number, characters: number): Promise<void> {
  await sql`insert into conversations (user_id, id, status, origin, source, structured, silence_timeout_ms, created_at,
      updated_at, started_at, finished_at)
    select ${userId}, 'c' || lpad(n::text, 5, '0'), 'completed', 'live', 'omi',
      jsonb_build_object('title', 'Talk ' || n, 'overview', '', 'emoji', '', 'category', 'other'), 120000,
      t, t, t, t from generate_series(0, ${count - 1}::int) n, (select ${new Date(T0)}::timestamptz as t) as times`.execute(
    db,
  );
  await sql`insert into segments (user_id, conversation_id, id, start_s, end_s, text, body)
    select ${userId}, 'c' || lpad(n::text, 5, '0'), 's' || lpad(k::text, 4, '0'), k, k + 1, '', jsonb_build_object('id',
      's' || lpad(k::text, 4, '0'), 'text', repeat(md5(${userId} || n || '-' || k), ${Math.ceil(characters / 32)}::int),
      'is_user', false, 'start', k, 'end', k + 1)
    from generate_series(0, ${count - 1}::int) n, generate_series(0, ${segments - 1}::int) k`.execute(db);
}

async function keptSound(gateway: Pick<TestGateway, "db" | "blobs">, userId: string, count: number, bytes: number) {
  const { db, blobs } = gateway;
  const made: { readonly id: string; readonly content: Buffer }[] = [];
  for (let n = 0; n < count; n += 1) {
    const [id, content] = [crypto.randomUUID(), randomBytes(bytes)];
    const key = `audio/${id}/${id}.opus`;
    await blobs.commit(await blobs.stage(Readable.from([content]), { maxBytes: 1e9 }), key);
    await sql`insert into audio_files (user_id, id, conversation_id, ordinal, started_at, samples, captured_samples, bytes,
      blob_key, created_at) values (${userId}, ${id}, 'c00000', ${n}, ${new Date(T0)}, 32000, 32000, ${bytes}, ${key},
      ${new Date(T0)})`.execute(db);
    made.push({ id, content });
  }
  return made;
}

async function archiveOf(gateway: TestGateway, path = "/v1/users/export", token?: string | null) {
  const answer = await gateway.ask(path, token === undefined ? {} : { token });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/zip");
  return { answer, files: readZip(Buffer.from(await answer.arrayBuffer())) };
}

const listIn = (files: Map<string, Buffer>, name: string): Record<string, unknown>[] =>
  JSON.parse(files.get(name)?.toString() ?? "null") as Record<string, unknown>[];

describe("what is in it", () => {
  it("is everything, once, and nothing of anybody else", async () => {
    await using gateway = await startTestGateway(server);
    const { db } = gateway;
    await talk(db, "alice", 25, 3, 64);
    await talk(db, "bob", 2, 1, 64);
    await sql`update conversations set deleted_at = now() where id = 'c00007'`.execute(db);
    await createConversation(db, {
      ...{ userId: "alice", id: "../../etc/passwd", origin: "live", source: "omi", language: "en", externalData: null },
      ...{ clientDeviceId: null, clientPlatform: null, recordingSessionId: "r1", silenceTimeoutMs: 120_000 },
      ...{ startedAtMs: T0, nowMs: T0 },
    });
    for (const userId of ["alice", "bob"]) {
      await createPerson(db, { userId, id: crypto.randomUUID(), name: `Anna of ${userId}`, nowMs: T0 });
      const memory = { category: "manual", tags: [], visibility: "private", nowMs: T0 } as const;
      for (let n = 0; n < 3; n += 1) {
        await createMemory(db, { userId, id: `m${n}`, content: `${userId} says ${n}`, ...memory });
      }
      await setWebhook(
        db,
        userId,
        { type: "memory_created", url: `https://${userId}.example`, everySeconds: null },
        T0,
      );
    }
    const photo = { userId: "alice", contentType: "image/png", nowMs: T0, id: crypto.randomUUID() };
    for (const [conversationId, text] of [["../../etc/passwd", "one"]] as const) {
      expect(await addPhoto(db, { ...photo, conversationId, bytes: Buffer.from(text) })).not.toBe("closed");
    }
    await sql`insert into photos (user_id, conversation_id, id, content_type, bytes, created_at)
      values ('alice', 'c00001', ${photo.id}, 'image/png', 'two', now())`.execute(db);
    const sound = await keptSound(gateway, "alice", 3, 300_000);
    await keptSound(gateway, "bob", 1, 10);
    const lost = sound.pop();
    await gateway.blobs.removeAll(`audio/${lost?.id}`);

    const { answer, files } = await archiveOf(gateway);
    expect(answer.headers.get("content-disposition")).toMatch(
      /^attachment; filename="holdfast-export-\d{4}-\d\d-\d\d\.zip"/,
    );
    const conversations = listIn(files, "conversations.json").map((item) => Conversation.parse(item));
    const expected = Array.from({ length: 25 }, (_, n) => `c${String(n).padStart(5, "0")}`).filter(
      (id) => id !== "c00007",
    );
    expect(conversations.map(({ id }) => id).sort()).toEqual(["../../etc/passwd", ...expected]);
    expect(conversations.find(({ id }) => id === "c00003")?.transcript_segments).toHaveLength(3);
    expect(files.get("conversations.json")?.toString().split("\n")).toHaveLength(25 + 3);
    expect(
      listIn(files, "memories.json")
        .map(({ content }) => content)
        .sort(),
    ).toEqual([0, 1, 2].map((n) => `alice says ${n}`));
    expect(listIn(files, "people.json").map(({ name }) => name)).toEqual(["Anna of alice"]);
    for (const empty of ["action-items.json", "uploads.json", "voices.json"]) expect(listIn(files, empty)).toEqual([]);
    expect(JSON.parse(files.get("account.json")?.toString() ?? "")).toMatchObject({
      user_id: "alice",
      webhooks: [{ type: "memory_created", url: "https://alice.example", enabled: true }],
    });
    expect(files.get("account.json")?.toString()).not.toContain("whsec_");
    const audio = listIn(files, "audio.json");
    expect(audio).toHaveLength(3);
    for (const { id, content } of sound) {
      const item = audio.find(({ file }) => String(file).includes(id));
      expect(item).toMatchObject({
        file: `audio/2026-05-01T12-00-00_${id}.opus`,
        conversation_id: "c00000",
        seconds: 2,
      });
      expect(files.get(String(item?.file))?.equals(content)).toBe(true);
    }
    const photos = listIn(files, "photos.json");
    expect(photos.map(({ file }) => files.get(String(file))?.toString()).sort()).toEqual(["one", "two"]);
    const top = [...files.keys()].filter((name) => !/^(audio|photos)\/[\w.-]+$/.test(name));
    const readme = files.get("README.txt")?.toString() ?? "";
    for (const name of top.filter((path) => path !== "README.txt")) expect(readme).toContain(name);
    expect([...files.keys()].filter((name) => name.startsWith("audio/"))).toHaveLength(2);
    expect([...files.values()].some((content) => content.includes("bob"))).toBe(false);
  });

  it("has pages that are full to the last row", async () => {
    await using gateway = await startTestGateway(server);
    await talk(gateway.db, "alice", 20, 1, 32);
    expect(listIn((await archiveOf(gateway)).files, "conversations.json")).toHaveLength(20);
  });
});

describe("how it is made", () => {
  const open = async (gateway: TestGateway, path = "/v1/users/export"): Promise<IncomingMessage> => {
    const headers = { authorization: `Bearer ${gateway.alice}` };
    const request = get(`${gateway.url}${path}`, { headers, agent: false });
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    return answer;
  };

  it("holds little of it in memory, however much it is", async () => {
    await using gateway = await startTestGateway(server);
    const total = 64 * 1_048_576;
    await talk(gateway.db, "alice", 256, 64, total / 256 / 64);
    const answer = await open(gateway);
    const used = (): number => {
      collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const before = used();
    const chunks: Buffer[] = [];
    let most = 0;
    for await (const chunk of answer) {
      chunks.push(chunk as Buffer);
      most = Math.max(most, used() - before);
    }
    expect(answer.complete).toBe(true);
    expect(readZip(Buffer.concat(chunks)).get("conversations.json")?.length).toBeGreaterThan(total);
    expect(most).toBeLessThan(total / 4);
  });

  /** A store that counts what is read of it; kept files are 4 MiB of which nobody holds a copy. */
  const counting =
    (reads: { count: number }) =>
    (real: BlobStore): BlobStore => ({
      ...real,
      async read(_key, range) {
        reads.count += 1;
        const { start, end } = range ?? { start: 0, end: 0 };
        return new Uint8Array(Math.max(0, Math.min(end, 4 * 1_048_576) - start));
      },
    });

  it("waits for its reader, and ends when the reader goes", async () => {
    const reads = { count: 0 };
    const files = 64;
    await using gateway = await startTestGateway(server, { blobs: counting(reads) });
    await talk(gateway.db, "alice", 1, 1, 32);
    await keptSound(gateway, "alice", files, 1);
    const answer = await open(gateway);
    const whole = files * 16;
    await once(answer, "readable");
    // The second is refused while the first is made; the reader that went frees its place.
    const second = await gateway.ask("/v1/users/export");
    expect([second.status, await second.json()]).toEqual([429, expect.objectContaining({ code: "export_running" })]);
    expect(second.headers.get("retry-after")).toBe("10");
    answer.destroy();
    const third = await waitFor("the place of the first", async () => {
      const next = await gateway.ask("/v1/users/export");
      if (next.status === 200) return next;
      await next.text();
      return undefined;
    });
    expect(reads.count).toBeLessThan(whole / 2);
    const before = reads.count;
    expect(readZip(Buffer.from(await third.arrayBuffer())).size).toBeGreaterThan(files);
    expect(reads.count - before).toBeGreaterThan(whole * 0.8);
  });

  it("breaks off, and does not look whole, where sound cannot be read", async () => {
    const blobs = (real: BlobStore): BlobStore => ({
      ...real,
      async read() {
        throw new Error("the disk is gone");
      },
    });
    await using gateway = await startTestGateway(server, { blobs });
    await talk(gateway.db, "alice", 1, 1, 32);
    await keptSound(gateway, "alice", 1, 1);
    const answer = await gateway.ask("/v1/users/export");
    expect(answer.status).toBe(200);
    await expect(answer.arrayBuffer()).rejects.toThrow();
    expect((await gateway.ask("/v1/users/me")).status).toBe(200);
  });
});

describe("links", () => {
  const linkOf = async (gateway: TestGateway): Promise<{ readonly path: string; readonly expires_at: string }> => {
    const answer = await gateway.ask("/v1/users/export-link", { method: "POST" });
    expect(answer.status).toBe(201);
    return (await answer.json()) as { path: string; expires_at: string };
  };

  it("work without a token, for their user, until they end", async () => {
    let nowMs = T0;
    const { systemClock } = await import("@holdfast/runtime");
    await using gateway = await startTestGateway(server, { clock: { ...systemClock, now: () => nowMs } });
    await talk(gateway.db, "alice", 1, 1, 32);
    const { path, expires_at } = await linkOf(gateway);
    expect(Date.parse(expires_at)).toBe(T0 + 300_000);
    const { files } = await archiveOf(gateway, path, null);
    expect(listIn(files, "conversations.json")).toHaveLength(1);
    for (const wrong of [
      path.replace("/alice?", "/bob?"),
      path.replace("signature=", "signature=x"),
      path.split("?")[0] ?? "",
    ]) {
      expect([403, 422]).toContain((await gateway.ask(wrong, { token: null })).status);
    }
    nowMs += 300_000;
    const late = await gateway.ask(path, { token: null });
    expect([late.status, await late.json()]).toEqual([403, expect.objectContaining({ code: "forbidden" })]);
  });

  it("and the archive itself are only for somebody who is signed in", async () => {
    await using gateway = await startTestGateway(server);
    expect((await gateway.ask("/v1/users/export", { token: null })).status).toBe(401);
    expect((await gateway.ask("/v1/users/export-link", { method: "POST", token: null })).status).toBe(401);
  });
});
