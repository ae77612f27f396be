/**
 * One simulated world: gateways, pushers, workers, a speech process, a database and people with recorders, made of the real
 * objects, through a storm of faults and the calm after it. `runSeed` builds it from a seed, runs it, and says what it did or
 * throws what went wrong. Nothing in it depends on anything but the seed.
 */

import { migrate } from "@holdfast/store";
import { DatabaseEngine, DatabaseServer, Scheduler, SeededRandom, SimProcess } from "@holdfast/testkit/simulator";
import { Life, type RunOptions, type RunReport, START_MS } from "./life.ts";
import { withPlainSignals } from "./signals.ts";
import { Violation } from "./violation.ts";

export class WorldFailure extends Error {
  readonly seed: number;
  readonly recent: readonly string[];

  constructor(seed: number, cause: unknown, recent: readonly string[], waiting: readonly string[]) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      `seed ${seed}: ${why}${waiting.length === 0 ? "" : ` [${waiting.join("; ")}]`}; replay: npm run soak -- --seed ${seed}`,
      { cause },
    );
    this.name = "WorldFailure";
    this.seed = seed;
    this.recent = recent;
  }
}

/** A table without a single page is as it was made. */
const WRITTEN = `select relname from pg_class
  where relkind = 'r' and relnamespace = 'public'::regnamespace and relname not like 'kysely%' and pg_relation_size(oid) > 0
  order by relname`;

export class World {
  readonly #engine: DatabaseEngine;

  private constructor(engine: DatabaseEngine) {
    this.#engine = engine;
  }

  /** Starts the database and brings it to the newest schema; many worlds follow one another on it. */
  static async open(): Promise<World> {
    const engine = await DatabaseEngine.start();
    const scheduler = new Scheduler(new SeededRandom("schema"), START_MS);
    const random = new SeededRandom("schema");
    const server = new DatabaseServer({
      scheduler,
      random,
      engine,
      fate: () => "fine",
      delayMs: () => 0,
      onCommitted: () => {},
    });
    const db = server.open(new SimProcess("schema", scheduler, random), 2);
    const migrated = migrate(db);
    let done = false;
    migrated.then(
      () => {
        done = true;
      },
      (error: unknown) => scheduler.fail(error as Error),
    );
    await scheduler.run(60_000, () => done);
    await migrated;
    const { rows } = engine.query(
      "select tablename from pg_tables where schemaname = 'public' and tablename not like 'kysely%' order by tablename",
    );
    const tables = rows.map((row) => String(row.tablename));
    makeUnlogged(engine, tables);
    return new World(engine);
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  /** What the tables hold, for people who read a replay. */
  #dump(tell: (line: string) => void): void {
    const queries = [
      "select id, epoch, durable_messages, transcribed_messages, conversation_id, lease_until from recording_sessions",
      `select id, status, state_reason, discarded, started_at, finished_at, end_requested_at, finalization_job_id
       from conversations order by created_at`,
      "select conversation_id, id, start_s, end_s, text from segments order by conversation_id, start_s",
      "select recording_session_id, first_message, message_count, captured_at, conversation_id from audio_chunks order by 1, 2",
      `select id, kind, state, conversation_id, attempts, tries, reason_code, failure_class, due_at, lease_until, payload, progress
       from jobs order by created_at`,
    ];
    for (const query of queries) {
      tell(query.replace(/^.* from (\w+).*$/s, "== $1"));
      for (const row of this.#engine.query(query).rows) tell(JSON.stringify(row));
    }
  }

  async run(seed: number, options: RunOptions = {}): Promise<RunReport> {
    const written = this.#engine.query(WRITTEN).rows.map(({ relname }) => String(relname));
    // Those that refer to one of them are empty, or are truncated as well.
    if (written.length > 0) this.#engine.execute(`truncate ${written.join(", ")} cascade`);
    const life = new Life(seed, this.#engine, options);
    const onRejection = (error: unknown): void =>
      life.scheduler.fail(error instanceof Error ? error : new Error(String(error)));
    process.on("unhandledRejection", onRejection);
    try {
      return await withPlainSignals(() => life.run());
    } catch (error) {
      if (options.onTrace !== undefined) this.#dump(options.onTrace);
      throw new WorldFailure(
        seed,
        error,
        life.scheduler.recent,
        error instanceof Violation ? [] : life.watch.unfinished(),
      );
    } finally {
      life.end();
      process.off("unhandledRejection", onRejection);
    }
  }
}

/** Nothing here outlives the process, so nothing need be logged. Tables that others refer to come last. */
function makeUnlogged(engine: DatabaseEngine, tables: readonly string[]): void {
  let waiting = [...tables];
  while (waiting.length > 0) {
    const refused = waiting.filter((table) => {
      try {
        engine.execute(`alter table ${table} set unlogged`);
        return false;
      } catch {
        return true;
      }
    });
    if (refused.length === waiting.length) throw new Error(`${refused.join(", ")} cannot be made unlogged`);
    waiting = refused;
  }
}
