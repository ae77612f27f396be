/**
 * Deleting an account: no table and no folder keeps anything of the user, whoever is at work meanwhile and wherever a sweep
 * dies; other users keep everything. Tables are asked of the database, so a new one fails here until it is swept.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  acceptUpload,
  type BlobStore,
  checkToken,
  claimJob,
  createMemory,
  createToken,
  type Db,
  DELETION_GRACE_MS,
  enqueueJob,
  forgetAccountDeletions,
  heartbeatJob,
  listAccountDeletions,
  openDirectoryBlobs,
  requestAccountDeletion,
  resumableFolder,
  sweepAccount,
  uploadFolder,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

const T0 = Date.UTC(2026, 4, 1);
const ID = { alice: "aaaaaaaa-0000-4000-8000-000000000001", bob: "bbbbbbbb-0000-4000-8000-000000000002" } as const;
type User = keyof typeof ID;

let server: TestServer;
let db: Db;
let folder: string;
let blobs: BlobStore;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());
beforeEach(async () => {
  db = (await server.database()).db;
  folder = await mkdtemp(join(tmpdir(), "holdfast-accounts-"));
  blobs = await openDirectoryBlobs(folder, T0);
  await dropChecks();
  for (const user of ["alice", "bob"] as const) await fill(user);
  return async () => {
    await db.destroy();
    await rm(folder, { recursive: true, force: true });
  };
});

/** Every table that says whose its rows are. */
async function tablesOfUsers(): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select distinct c.table_name as name from information_schema.columns c
    join information_schema.tables t on t.table_name = c.table_name and t.table_schema = c.table_schema
    where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and (c.column_name ~ '(^|_)(user|uid|owner)(_id)?$'
      or c.table_name = 'users') and c.column_name not in ('lease_owner')`.execute(db);
  return rows.map(({ name }) => name).filter((name) => name !== "account_deletions");
}

async function rowsOf(user: User): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of await tablesOfUsers()) {
    const column = table === "users" ? "id" : "user_id";
    const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}
      where ${sql.ref(column)} = ${user}`.execute(db);
    counts[table] = rows[0]?.n ?? 0;
  }
  return counts;
}

/** What a column must hold to mean something to the code; all others get something of their type. */
const VALUES: Readonly<Record<string, (user: User) => unknown>> = {
  "conversations.status": () => "completed",
  "conversations.origin": () => "live",
  "jobs.kind": () => "sync",
  "jobs.state": () => "queued",
  "jobs.payload": () => "{}",
  "sync_turns.lane": () => "fresh",
  "audio_files.blob_key": (user) => `audio/${ID[user]}/${ID[user]}.opus`,
  "speech_samples.blob_key": (user) => `audio/samples-${user}/${ID[user]}.wav`,
  "webhooks.type": () => "memory_created",
  "users.id": (user) => user,
};

/** Rows of a test need not make sense, so that tables nobody thought of yet can be filled. */
async function dropChecks(): Promise<void> {
  const { rows } = await sql<{ place: string; name: string }>`select conrelid::regclass::text as place, conname as name
    from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace`.execute(db);
  for (const { place, name } of rows) {
    await sql`alter table ${sql.table(place)} drop constraint ${sql.ref(name)}`.execute(db);
  }
}

/** One row in every table, and the bytes that rows name. */
async function fill(user: User): Promise<void> {
  const tables = await tablesOfUsers();
  await db.connection().execute(async (connection) => {
    // Rows come in any order; what they refer to comes too.
    await sql`set session_replication_role = replica`.execute(connection);
    for (const table of tables) await insertRow(connection, table, user);
    await sql`set session_replication_role = default`.execute(connection);
  });
  const keys = [`${uploadFolder(ID[user])}/0`, `${resumableFolder(ID[user])}/1`];
  for (const key of [...keys, VALUES["audio_files.blob_key"]?.(user), VALUES["speech_samples.blob_key"]?.(user)]) {
    await blobs.commit(await blobs.stage(Readable.from([Buffer.from(user)]), { maxBytes: 100 }), String(key));
  }
}

async function insertRow(connection: Db, table: string, user: User): Promise<void> {
  const { rows } = await sql<{ name: string; type: string; optional: boolean }>`select column_name as name,
      udt_name as type, is_nullable = 'YES' or column_default is not null as optional from information_schema.columns
    where table_schema = 'public' and table_name = ${table}`.execute(connection);
  const given = rows.filter(({ name, optional }) => !optional || VALUES[`${table}.${name}`] !== undefined);
  const values = given.map(({ name, type }) => sampleOf(table, name, type, user));
  await sql`insert into ${sql.table(table)} (${sql.join(given.map(({ name }) => sql.ref(name)))})
    values (${sql.join(values)})`.execute(connection);
}

function sampleOf(table: string, name: string, type: string, user: User): unknown {
  const known = VALUES[`${table}.${name}`];
  if (known !== undefined) return known(user);
  if (name === "user_id") return user;
  switch (type) {
    case "uuid":
      return ID[user];
    case "timestamptz":
      return new Date(T0);
    case "jsonb":
      return "{}";
    case "bytea":
      return Buffer.from(user);
    case "bool":
      return false;
    case "_text":
    case "_uuid":
      return "{}";
    default:
      return /^(int|float)/.test(type) ? 1 : `${user}-x`;
  }
}

const filesLeft = async (): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const deletion = { userId: "alice", requestedMs: T0 };
const LATER = T0 + DELETION_GRACE_MS;
const nothing = (counts: Record<string, number>) => Object.fromEntries(Object.keys(counts).map((table) => [table, 0]));

describe("an account that is deleted", () => {
  it("leaves nothing in any table or folder, and takes nothing of others", async () => {
    const before = await rowsOf("bob");
    expect(Object.values(await rowsOf("alice")).every((count) => count === 1)).toBe(true);
    expect(Object.keys(before).length).toBeGreaterThan(20);
    await requestAccountDeletion(db, "alice", T0);
    expect(await rowsOf("alice")).toMatchObject({ users: 0, tokens: 0, conversations: 1 });
    expect(await sweepAccount(db, blobs, deletion, T0)).toBe(false);
    expect(await sweepAccount(db, blobs, deletion, LATER)).toBe(false);
    expect(await sweepAccount(db, blobs, deletion, LATER)).toBe(true);
    expect(await rowsOf("alice")).toEqual(nothing(before));
    expect(await rowsOf("bob")).toEqual(before);
    const left = await filesLeft();
    expect(left.filter((path) => path.includes("alice") || path.includes(ID.alice))).toEqual([]);
    expect(left).toHaveLength(4);
    expect(await listAccountDeletions(db, 10)).toEqual([]);
    await forgetAccountDeletions(db, LATER + 86_399_999);
    expect((await sql`select 1 from account_deletions`.execute(db)).rows).toHaveLength(1);
    await forgetAccountDeletions(db, LATER + 86_400_000);
    expect((await sql`select 1 from account_deletions`.execute(db)).rows).toEqual([]);
  });

  it("goes whole although each sweep dies one step later than the last", async () => {
    await requestAccountDeletion(db, "alice", T0);
    let died = 0;
    for (let steps = 0; ; steps += 1) {
      let left = steps;
      const step = (): void => {
        left -= 1;
        if (left < 0) throw new Error("died");
      };
      const dying: BlobStore = {
        ...blobs,
        async removeAll(prefix) {
          step();
          await blobs.removeAll(prefix);
          step();
        },
      };
      const done = await sweepAccount(db, dying, deletion, LATER).catch(() => {
        died += 1;
        return false;
      });
      if (done) break;
      expect(steps).toBeLessThan(100);
    }
    expect(died).toBeGreaterThanOrEqual(4);
    expect(await rowsOf("alice")).toEqual(nothing(await rowsOf("bob")));
    expect((await filesLeft()).filter((path) => path.includes(ID.alice))).toEqual([]);
  });

  it("takes the lease of whoever is at work, and what comes late", async () => {
    const id = crypto.randomUUID();
    await enqueueJob(db, { userId: "alice", id, kind: "sync", payload: {}, dueMs: T0, nowMs: T0 });
    await sql`delete from jobs where id <> ${id}`.execute(db);
    const hold = await claimJob(db, ["sync"], { owner: "w1", nowMs: T0, leaseMs: 600_000 });
    if (hold === undefined) throw new Error("nobody claimed the job of alice");
    expect(await heartbeatJob(db, hold, T0, 600_000)).toBe(true);
    await requestAccountDeletion(db, "alice", T0);
    await sweepAccount(db, blobs, deletion, T0);
    expect(await heartbeatJob(db, hold, T0, 600_000)).toBe(false);
    // The worker's bytes, and a request that was under way.
    await blobs.commit(
      await blobs.stage(Readable.from([Buffer.from("late")]), { maxBytes: 100 }),
      `${uploadFolder(hold.id)}/late`,
    );
    const memory = { category: "manual", tags: [], visibility: "private", nowMs: T0 } as const;
    await createMemory(db, { userId: "alice", id: "late", content: "late", ...memory });
    expect(await sweepAccount(db, blobs, deletion, LATER)).toBe(false);
    expect(await sweepAccount(db, blobs, deletion, LATER)).toBe(true);
    expect((await rowsOf("alice")).memories).toBe(0);
    expect((await filesLeft()).filter((path) => path.includes(hold.id))).toEqual([]);
  });

  it("takes no upload that began before, and everything of an account that is begun anew", async () => {
    await requestAccountDeletion(db, "alice", T0);
    for (let n = 0; n < 3; n += 1) await sweepAccount(db, blobs, deletion, LATER);
    const file = { name: "a.bin", bytes: 1, sha256: "0", blobKey: "uploads/x/0", capturedAtMs: T0 };
    const batch = {
      ...{ userId: "alice", jobId: crypto.randomUUID(), contentId: "c", lane: "fresh" as const, payload: {} },
      ...{ conversationId: null, files: [file], nowMs: LATER },
    } as const;
    await expect(acceptUpload(db, batch)).rejects.toMatchObject({ code: "unauthorized" });
    expect((await rowsOf("alice")).jobs).toBe(0);
    const token = await createToken(db, { userId: "alice", name: "new", nowMs: LATER });
    expect(await checkToken(db, token, LATER)).toMatchObject({ outcome: "valid", userId: "alice" });
    expect(await acceptUpload(db, batch)).toEqual({ outcome: "accepted" });
  });

  it("lets a new token in only when the old account is gone", async () => {
    await requestAccountDeletion(db, "alice", T0);
    const token = await createToken(db, { userId: "alice", name: "new", nowMs: T0 + 1 });
    await expect(checkToken(db, token, T0 + 1)).rejects.toMatchObject({ code: "account_being_deleted" });
    for (let n = 0; n < 3; n += 1) await sweepAccount(db, blobs, deletion, LATER);
    expect(await checkToken(db, token, LATER)).toMatchObject({ outcome: "valid" });
    expect(await rowsOf("alice")).toMatchObject({ users: 1, tokens: 1, conversations: 0 });
  });
});
