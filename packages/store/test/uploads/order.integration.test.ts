/** Membership is a function of the stretches: any order, any batching, any number of jobs. On a real PostgreSQL. */
import type { Db } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { leasedJob, putPiece, type Speech, told } from "./world.ts";

let server: TestServer;
let db: Db;
beforeAll(async () => {
  server = await startTestServer();
  db = (await server.database()).db;
});
afterAll(async () => {
  await db.destroy();
  await server[Symbol.asyncDispose]();
});

let users = 0;

/** Conversations that come of it, without their names. */
async function arrive(pieces: readonly (readonly Speech[])[]) {
  users += 1;
  const userId = `user-${users}`;
  let job = await leasedJob(db, userId);
  for (const [n, piece] of pieces.entries()) {
    if (n % 3 === 2) job = await leasedJob(db, userId);
    await putPiece(db, job, piece);
  }
  const there = (await told(db, userId)).map(({ start, end, said }) => ({ start, end, said }));
  return { there, userId, job };
}

const speech = fc
  .tuple(fc.integer({ min: 0, max: 1_500 }), fc.integer({ min: 1, max: 400 }))
  .map(([start, tenths]): Speech => ({ start, end: start + tenths / 10 }));
const list = fc.uniqueArray(speech, { minLength: 1, maxLength: 12, selector: ({ start }) => start });

it("any order and any batching of the same stretches gives the same conversations and the same words", async () => {
  await fc.assert(
    fc.asyncProperty(list, fc.array(fc.nat({ max: 1_000 }), { minLength: 24, maxLength: 24 }), async (all, noise) => {
      const order = [...all].map((one, n) => ({ one, key: noise[n] ?? 0 })).sort((a, b) => a.key - b.key);
      const shuffled = order.map(({ one }) => one);
      const pieces: Speech[][] = [];
      for (let n = 12; shuffled.length > 0; n += 1) pieces.push(shuffled.splice(0, 1 + ((noise[n] ?? 0) % 3)));
      const whole = await arrive([all]);
      const parts = await arrive(pieces);
      expect(parts.there).toEqual(whole.there);
      expect(parts.there.flatMap(({ said }) => said)).toHaveLength(all.length);
      // All of it again, in one piece after the other: nothing changes.
      for (const piece of pieces) await putPiece(db, parts.job, piece);
      expect((await told(db, parts.userId)).map(({ start, end, said }) => ({ start, end, said }))).toEqual(whole.there);
    }),
    { numRuns: 40 },
  );
}, 60_000);
