/** The simulated connections, over a real engine: what a client sees of faults, and what is true behind its back. */
import { type Db, isDatabaseUnavailable } from "@holdfast/store";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  DatabaseEngine,
  DatabaseServer,
  Scheduler,
  SeededRandom,
  SimProcess,
  type StatementFate,
} from "../../src/simulator/index.ts";

let engine: DatabaseEngine;
beforeAll(async () => {
  engine = await DatabaseEngine.start();
  engine.execute("create table notes (id int primary key, text text not null)");
}, 120_000);
afterAll(async () => {
  await engine.close();
});
beforeEach(() => engine.execute("truncate notes"));

interface Bench {
  readonly world: Scheduler;
  readonly server: DatabaseServer;
  readonly process: SimProcess;
  readonly db: Db;
  fate: (sql: string) => StatementFate;
  readonly committed: string[];
}

function bench(seed = 1, connections = 4): Bench {
  const random = new SeededRandom(seed);
  const world = new Scheduler(random.fork("order"), 0);
  const process = new SimProcess("p", world, random.fork("p"));
  const there = { fate: (_sql: string): StatementFate => "fine", committed: [] as string[] };
  const server = new DatabaseServer({
    scheduler: world,
    random,
    engine,
    fate: (_process, text) => there.fate(text),
    delayMs: () => random.between(1, 5),
    onCommitted: (tables) => void there.committed.push([...tables].join(",")),
  });
  return Object.assign(there, { world, server, process, db: server.open(process, connections) });
}

const insert = async (db: Db, id: number): Promise<unknown> =>
  await sql`insert into notes values (${id}, ${`note ${id}`})`.execute(db);
const stored = (): number[] => engine.query("select id from notes order by id").rows.map((row) => Number(row.id));

/** Runs the world until the work is over, and says how it ended. */
async function outcome(there: Bench, work: Promise<unknown>): Promise<unknown> {
  let ended: unknown = "waits";
  work.then(
    () => {
      ended = "done";
    },
    (error: unknown) => {
      ended = error;
    },
  );
  await there.world.run(there.world.elapsedMs + 10_000, () => ended !== "waits");
  return ended;
}

test("a statement takes time, and a write is told when it is there to stay", async () => {
  const there = bench();
  expect(await outcome(there, insert(there.db, 1))).toBe("done");
  expect(there.world.elapsedMs).toBeGreaterThan(2);
  expect([stored(), there.committed]).toEqual([[1], ["notes"]]);
});

test("a lost statement did not happen; one in doubt did; both look the same", async () => {
  const lost = bench();
  lost.fate = () => "lost";
  const first = await outcome(lost, insert(lost.db, 1));
  expect(isDatabaseUnavailable(first)).toBe(true);
  expect(stored()).toEqual([]);

  const doubt = bench(2);
  doubt.fate = () => "in_doubt";
  const second = await outcome(doubt, insert(doubt.db, 2));
  expect(isDatabaseUnavailable(second)).toBe(true);
  expect(stored()).toEqual([2]);
  expect(doubt.committed).toEqual(["notes"]);
});

test.each([
  ["lost", []],
  ["in_doubt", [1, 2]],
] as const)("a commit that is %s leaves all or nothing", async (fate, left) => {
  const there = bench();
  there.fate = (text) => (text === "commit" ? fate : "fine");
  const work = there.db.transaction().execute(async (trx) => {
    await insert(trx, 1);
    await insert(trx, 2);
  });
  expect(isDatabaseUnavailable(await outcome(there, work))).toBe(true);
  expect(stored()).toEqual(left);
  there.fate = () => "fine";
  expect(await outcome(there, insert(there.db, 3))).toBe("done");
});

test("a constraint refuses with its SQLSTATE, and the transaction is rolled back", async () => {
  const there = bench();
  const work = there.db.transaction().execute(async (trx) => {
    await insert(trx, 1);
    await insert(trx, 1);
  });
  expect(await outcome(there, work)).toMatchObject({ code: "23505" });
  expect(isDatabaseUnavailable(await outcome(there, insert(there.db, 2)))).toBe(false);
  expect(stored()).toEqual([2]);
});

test("the death of a process rolls its transaction back and lets the others in", async () => {
  const there = bench();
  const work = there.db.transaction().execute(async (trx) => {
    await insert(trx, 1);
    there.process.kill();
    await insert(trx, 2);
  });
  expect(await outcome(there, work)).toBe("waits");
  const other = there.server.open(new SimProcess("q", there.world, new SeededRandom("q")), 2);
  expect(await outcome(there, insert(other, 3))).toBe("done");
  expect(stored()).toEqual([3]);
});

test("a server that goes away breaks what is open, refuses what is new, and is there again", async () => {
  const there = bench();
  const work = there.db.transaction().execute(async (trx) => {
    await insert(trx, 1);
    there.server.goAway();
    await insert(trx, 2);
  });
  expect(isDatabaseUnavailable(await outcome(there, work))).toBe(true);
  const refused = await outcome(there, insert(there.db, 3));
  expect(refused).toMatchObject({ code: "ECONNREFUSED" });
  expect(isDatabaseUnavailable(refused)).toBe(true);
  there.server.comeBack();
  expect(await outcome(there, insert(there.db, 4))).toBe("done");
  expect(stored()).toEqual([4]);
});

test("a statement of another client waits for an open transaction", async () => {
  const there = bench();
  const order: string[] = [];
  const first = there.db.transaction().execute(async (trx) => {
    await insert(trx, 1);
    await new Promise<void>((resolve) => there.process.after(500, "think", resolve));
    await insert(trx, 2);
    order.push("transaction");
  });
  let second: Promise<unknown> | undefined;
  there.process.after(100, "other", () => {
    second = insert(there.db, 3).then(() => order.push("statement"));
  });
  expect(await outcome(there, first)).toBe("done");
  expect(await outcome(there, second ?? Promise.reject(new Error("not begun")))).toBe("done");
  expect(order).toEqual(["transaction", "statement"]);
  expect(stored()).toEqual([1, 2, 3]);
});

test("a pool without a free connection gives up as the real one does", async () => {
  const there = bench(1, 1);
  const nested = there.db.transaction().execute(async (trx) => {
    await insert(trx, 1);
    // The mistake that this finds: a second connection while the first is held.
    await insert(there.db, 2);
  });
  const failure = await outcome(there, nested);
  expect(failure).toMatchObject({ message: "timeout exceeded when trying to connect" });
  expect(stored()).toEqual([]);
});

test("a process may die or stand still at a statement", async () => {
  const dying = bench();
  dying.fate = () => "killed_after";
  expect(await outcome(dying, insert(dying.db, 1))).toBe("waits");
  expect([dying.process.state, stored()]).toEqual(["dead", [1]]);

  const stopped = bench(2);
  stopped.fate = () => "stopped_after";
  const work = insert(stopped.db, 2);
  await stopped.world.run(900);
  expect(stopped.process.state).toBe("stopped");
  stopped.fate = () => "fine";
  await stopped.world.run(30_000);
  expect(stopped.process.state).toBe("running");
  expect(await outcome(stopped, work)).toBe("done");
});
