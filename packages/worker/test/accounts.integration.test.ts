/** The worker ends what somebody asked for: a deleted account is gone without anybody asking again, also after kill -9. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/runtime";
import {
  createMemory,
  createToken,
  DELETION_GRACE_MS,
  listAccountDeletions,
  requestAccountDeletion,
} from "@holdfast/store";
import { startRole, startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

it("is gone after a worker died in the middle and another one came", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-accounts-"));
  const database = await server.database();
  const { db } = database;
  try {
    const longAgo = systemClock.now() - DELETION_GRACE_MS - 1_000;
    await createToken(db, { userId: "alice", name: "test", nowMs: longAgo });
    const memory = {
      userId: "alice",
      id: "m",
      content: "x",
      category: "manual",
      tags: [],
      visibility: "private",
    } as const;
    await createMemory(db, { ...memory, nowMs: longAgo });
    // Enough for many pages.
    await sql`insert into sync_pieces (user_id, id, conversation_ids, created_at)
      select 'alice', gen_random_uuid(), '{}', now() from generate_series(1, 200000)`.execute(db);
    await requestAccountDeletion(db, "alice", longAgo);
    const settings = { DATABASE_URL: database.url, HOLDFAST_DATA: folder, HOLDFAST_SPEECH_URL: "http://127.0.0.1:9" };
    const pieces = async (): Promise<number> => {
      const { rows } = await sql<{ n: number }>`select count(*) as n from sync_pieces where user_id = 'alice'`.execute(
        db,
      );
      return rows[0]?.n ?? 0;
    };
    const first = await startRole("worker", settings);
    await waitFor("the sweep to be in the middle", async () => (await pieces()) < 200_000, 60_000);
    await first.kill();
    expect(await pieces()).toBeGreaterThan(0);
    expect(await listAccountDeletions(db, 10)).toHaveLength(1);
    await using second = await startRole("worker", settings);
    await waitFor("the account to be gone", async () => (await listAccountDeletions(db, 10)).length === 0, 60_000);
    expect(second.pid).toBeGreaterThan(0);
    expect(await pieces()).toBe(0);
    expect((await sql`select 1 from memories`.execute(db)).rows).toEqual([]);
  } finally {
    await db.destroy();
    await rm(folder, { recursive: true, force: true });
  }
});
