/** The engine of the simulator gives what a real server gives through the real driver, value for value. */
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestDatabase, type TestServer } from "../../src/index.ts";
import { DatabaseEngine, DatabaseServer, Scheduler, SeededRandom, SimProcess } from "../../src/simulator/index.ts";

let engine: DatabaseEngine;
let server: TestServer;
let real: TestDatabase;
beforeAll(async () => {
  [engine, server] = await Promise.all([DatabaseEngine.start(), startTestServer()]);
  real = await server.database();
}, 120_000);
afterAll(async () => {
  await real[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await engine.close();
});

const AT = new Date("2026-03-04T05:06:07.089Z");

const QUERIES = [
  sql`select ${AT}::timestamptz as at, ${AT}::timestamptz + 1500 * interval '1 millisecond' as later`,
  sql`select ${9_007_199_254_740_991}::bigint as big, count(*) as counted, sum(1) as summed from generate_series(1, 3)`,
  sql`select ${Buffer.from([0, 1, 255])}::bytea as bytes, length(${Buffer.alloc(70_000, 7)}::bytea) as long`,
  sql`select ${JSON.stringify({ a: [1, "ü€𝄞"], b: null })}::jsonb as body, null::text as nothing, ${true}::boolean as yes`,
  sql`select ${0.1 + 0.2}::float8 as sum, ${-3}::int as below, ${"a'b\\c\n"}::text as text`,
  sql`select ${["x", 'y"z', "\\", ""]}::text[] as texts, unnest(${[3, 1, 2]}::int[]) as numbers`,
  sql`select unnest(${[AT, AT]}::timestamptz[]) as at`,
  sql`select '0190f7a2-1111-7222-8333-444455556666'::uuid as id where ${null}::int is null`,
];

test.each(QUERIES.map((query, index) => ({ query, index })))("query $index", async ({ query }) => {
  const random = new SeededRandom(1);
  const world = new Scheduler(random, 0);
  const process = new SimProcess("p", world, random);
  const simulated = new DatabaseServer({
    scheduler: world,
    random,
    engine,
    fate: () => "fine",
    delayMs: () => 1,
    onCommitted: () => {},
  }).open(process, 1);
  let rows: unknown;
  void query.execute(simulated).then((result) => {
    rows = result.rows;
  });
  await world.run(1_000, () => rows !== undefined);
  const expected = await query.execute(real.db);
  expect(expected.rows.length).toBeGreaterThan(0);
  expect(rows).toEqual(expected.rows);
});

test("a refused statement has the same SQLSTATE", async () => {
  const code = (run: () => unknown): unknown => {
    try {
      return run();
    } catch (error) {
      return error;
    }
  };
  expect(code(() => engine.query("select 1 / 0"))).toMatchObject({ code: "22012" });
  await expect(sql`select 1 / 0`.execute(real.db)).rejects.toMatchObject({ code: "22012" });
  expect(code(() => engine.query("select * from nowhere"))).toMatchObject({ code: "42P01" });
});
