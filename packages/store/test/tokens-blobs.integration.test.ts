/** Tokens, blobs, and the schema that is written down. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { isHoldfastError } from "@holdfast/contract";
import { systemClock } from "@holdfast/runtime";
import {
  checkToken,
  createToken,
  type Db,
  deterministicUuid,
  ensureOwnerToken,
  listOwnTokens,
  listTokens,
  migrate,
  openDirectoryBlobs,
  revokeOwnToken,
  revokeToken,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

let server: TestServer;
let db: Db;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  db = (await server.database()).db;
});
afterAll(async () => {
  await db.destroy();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-blobs-"));
  return async () => await rm(folder, { recursive: true, force: true });
});

describe("tokens", () => {
  it("are valid, expire, are revoked, and are stored only as hashes", async () => {
    const token = await createToken(db, { userId: "u1", name: "phone", nowMs: 1_000, expiresMs: 5_000 });
    expect(await checkToken(db, token, 4_999)).toMatchObject({ outcome: "valid", userId: "u1" });
    expect(await checkToken(db, token, 5_000)).toEqual({ outcome: "expired" });
    expect(await checkToken(db, `${token}x`, 1_000)).toEqual({ outcome: "unknown" });
    const info = (await listTokens(db)).find((item) => item.name === "phone");
    expect(await revokeToken(db, info?.fingerprint ?? "", 2_000)).toBe(1);
    expect(await checkToken(db, token, 3_000)).toEqual({ outcome: "revoked" });
    const { rows } = await sql<{ dump: string }>`select tokens::text as dump from tokens`.execute(db);
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  it("do not let a short prefix revoke everything", async () => {
    await createToken(db, { userId: "u1", name: "other", nowMs: 1_000 });
    expect(await revokeToken(db, "", 2_000)).toBe(0);
  });

  it("keep the owner's in a file only its owner can read, the same for ever", async () => {
    const first = await ensureOwnerToken(db, folder, systemClock);
    expect(await ensureOwnerToken(db, folder, systemClock)).toBe(first);
    expect((await stat(join(folder, "owner.token"))).mode & 0o777).toBe(0o600);
    expect(await checkToken(db, first, systemClock.now())).toMatchObject({ outcome: "valid", userId: "owner" });
  });
});

describe("the owner's token", () => {
  it("is made anew at the start after it was revoked", async () => {
    const first = await ensureOwnerToken(db, folder, systemClock);
    const shown = (await listOwnTokens(db, "owner")).map(({ id }) => id);
    for (const id of shown) expect(await revokeOwnToken(db, "owner", id, systemClock.now())).toBe(true);
    const second = await ensureOwnerToken(db, folder, systemClock);
    expect(second).not.toBe(first);
    expect(await checkToken(db, first, systemClock.now())).toEqual({ outcome: "revoked" });
    expect(await checkToken(db, second, systemClock.now())).toMatchObject({ outcome: "valid", userId: "owner" });
    expect((await stat(join(folder, "owner.token"))).mode & 0o777).toBe(0o600);
    expect(await ensureOwnerToken(db, folder, systemClock)).toBe(second);
  });
});

describe("blobs in a folder", () => {
  it("come back as they were, under their hash", async () => {
    const blobs = await openDirectoryBlobs(folder, 0);
    const bytes = randomBytes(300_000);
    const staged = await blobs.stage(Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]), { maxBytes: 1e6 });
    expect(staged.bytes).toBe(300_000);
    await blobs.commit(staged, "uploads/job/0");
    expect(Buffer.from(await blobs.read("uploads/job/0")).equals(bytes)).toBe(true);
    await blobs.removeAll("uploads/job");
    await expect(blobs.read("uploads/job/0")).rejects.toMatchObject({ code: "blob_missing" });
  });

  it("leave nothing behind when a stream is too long or breaks", async () => {
    const blobs = await openDirectoryBlobs(folder, 0);
    const tooLong = blobs.stage(Readable.from([Buffer.alloc(11)]), { maxBytes: 10 });
    await expect(tooLong).rejects.toMatchObject({ code: "payload_too_large" });
    const broken = Readable.from(
      (async function* () {
        yield Buffer.alloc(5);
        throw new Error("connection lost");
      })(),
    );
    await expect(blobs.stage(broken, { maxBytes: 10 })).rejects.toThrow("connection lost");
    expect(await readdir(join(folder, "staging"))).toEqual([]);
  });

  it("refuse keys that are paths", async () => {
    const blobs = await openDirectoryBlobs(folder, 0);
    for (const key of ["../x", "/etc/passwd", "a/../../b", "a\0b", ""]) {
      await expect(blobs.read(key)).rejects.toSatisfy(isHoldfastError);
    }
  });

  it("are listed by folder, with the time of the last blob in it", async () => {
    const blobs = await openDirectoryBlobs(folder, 0);
    expect(await blobs.list("uploads")).toEqual([]);
    for (const key of ["uploads/a/0", "uploads/a/1", "uploads/b/0", "uploads/c", "other/d/0"]) {
      await blobs.commit(await blobs.stage(Readable.from([Buffer.alloc(1)]), { maxBytes: 9 }), key);
    }
    await utimes(join(folder, "objects", "uploads", "a"), 5, 5);
    const listed = (await blobs.list("uploads")).sort((x, y) => x.prefix.localeCompare(y.prefix));
    expect(listed).toEqual([
      { prefix: "uploads/a", modifiedMs: 5_000 },
      { prefix: "uploads/b", modifiedMs: expect.closeTo(systemClock.now(), -5) },
    ]);
    await expect(blobs.list("../x")).rejects.toSatisfy(isHoldfastError);
  });

  it("clear what a dead process left, and nothing younger", async () => {
    await openDirectoryBlobs(folder, 0);
    const old = join(folder, "staging", "old");
    const young = join(folder, "staging", "young");
    await writeFile(old, "x");
    await writeFile(young, "x");
    await utimes(old, 1, 1);
    await openDirectoryBlobs(folder, systemClock.now());
    expect(await readdir(join(folder, "staging"))).toEqual(["young"]);
  });
});

describe("the schema", () => {
  it("is the one that is written down in schema.txt", async () => {
    const columns = await sql<{ line: string }>`
      select table_name || '.' || column_name || ' ' || data_type || case is_nullable when 'NO' then ' not null' else '' end
        || coalesce(' default ' || column_default, '') as line
      from information_schema.columns where table_schema = 'public' and table_name not like 'kysely%'
      order by table_name, ordinal_position`.execute(db);
    const indexes = await sql<{ line: string }>`select indexdef as line from pg_indexes
      where schemaname = 'public' and tablename not like 'kysely%' order by indexname`.execute(db);
    const dump = [...columns.rows, ...indexes.rows].map((row) => row.line).join("\n");
    await expect(`${dump}\n`).toMatchFileSnapshot("../schema.txt");
  });

  it("is reached once, by however many migrate at the same time", async () => {
    await using fresh = await server.database();
    await sql`drop schema public cascade`.execute(fresh.db);
    await sql`create schema public`.execute(fresh.db);
    const results = await Promise.all([migrate(fresh.db), migrate(fresh.db), migrate(fresh.db)]);
    const run = results.flat();
    expect(run[0]).toBe("0001_initial");
    expect(run.length).toBeGreaterThan(8);
    expect(new Set(run).size).toBe(run.length);
    expect(await migrate(fresh.db)).toEqual([]);
  });
});

describe("deterministicUuid", () => {
  it("is a function of its parts and of their borders", () => {
    expect(deterministicUuid("a", "b")).toBe(deterministicUuid("a", "b"));
    expect(deterministicUuid("ab")).not.toBe(deterministicUuid("a", "b"));
    expect(deterministicUuid("a")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
