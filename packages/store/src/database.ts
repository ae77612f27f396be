/**
 * The connection pool and its conventions: times cross as milliseconds, 8-byte integers as numbers, an idle connection that
 * dies is logged and replaced, and a statement that cannot reach the database is told apart from one that is wrong.
 */
import { HoldfastError, isHoldfastError } from "@holdfast/contract";
import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import type { Schema } from "./schema.ts";

export type Db = Kysely<Schema>;

const TIMESTAMPTZ = 1184;
const INT8 = 20;

/** How column values become JavaScript values. */
export const COLUMN_TYPES = {
  getTypeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
    if (oid === TIMESTAMPTZ) return (value) => Date.parse(value);
    if (oid === INT8) return Number;
    return format === "binary" ? pg.types.getTypeParser(oid, "binary") : pg.types.getTypeParser(oid);
  },
};

export interface OpenDatabaseOptions {
  readonly url: string;
  /** Most connections of this process. */
  readonly maxConnections?: number;
  /** Told of idle connections that died; the pool replaces them. */
  readonly onIdleError: (error: Error) => void;
}

const PLANNED_ONCE = "/* planned once */";

/**
 * Put before a statement, it is planned once a connection and not at each run. For long ones that run often: looking for a job
 * costs more planning than work. What a plan must know to be good (which kinds, which state) is then to be in the text.
 */
export const plannedOnce = sql.raw(PLANNED_ONCE);

/** Gives names to the statements that are to be planned once. */
class PlanningClient extends pg.Client {
  static readonly #names = new Map<string, string>();

  constructor(...settings: ConstructorParameters<typeof pg.Client>) {
    super(...settings);
    const run = this.query.bind(this);
    const query = (text: unknown, ...rest: unknown[]): unknown =>
      Reflect.apply(run, undefined, [PlanningClient.#named(text, rest) ?? text, ...rest]);
    this.query = query as typeof this.query;
  }

  static #named(text: unknown, [values]: readonly unknown[]): pg.QueryConfig | undefined {
    if (typeof text !== "string" || !text.trimStart().startsWith(PLANNED_ONCE) || !Array.isArray(values))
      return undefined;
    const name = PlanningClient.#names.get(text) ?? `planned_${PlanningClient.#names.size}`;
    PlanningClient.#names.set(text, name);
    return { name, text, values };
  }
}

/** Opens a pool; connects on first use. Close it with `db.destroy()`. */
export function openDatabase(options: OpenDatabaseOptions): Db {
  const pool = new pg.Pool({
    Client: PlanningClient,
    connectionString: options.url,
    max: options.maxConnections ?? 8,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 30_000,
    application_name: "holdfast",
    types: COLUMN_TYPES,
  });
  pool.on("error", options.onIdleError);
  // A connection that dies while it is checked out says so on the client itself; unheard, that would end the process.
  pool.on("connect", (client) => client.on("error", options.onIdleError));
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
}

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Those that mean "not now" rather than "wrong": connection, resources, time, shutdown, its disk, serialisation. */
const UNAVAILABLE = /^(08|53|57014|57P|58|40001|40P01|55P03)/;

/** What the operating system says of a server that is not there, is starting, or went away. */
const NETWORK = new Set(
  "ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOENT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH".split(" "),
);

/**
 * True where the database could not be reached or was going away. A driver error without a SQLSTATE is a broken connection;
 * the outcome of a commit is then in doubt, so ids must be deterministic and the statement repeatable.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (isHoldfastError(error)) return error.code === "database_unavailable";
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  if (SQLSTATE.test(code)) return UNAVAILABLE.test(code);
  if (NETWORK.has(code)) return true;
  // Errors of the driver itself (connection ended, pool ended, timed out) are plain Errors without code or SQLSTATE.
  return error.constructor === Error && code === "";
}

/** True where the database itself said so, over a connection: a small statement may succeed where a large one did not. */
export function isDatabaseAnswer(error: unknown): boolean {
  return error instanceof Error && SQLSTATE.test(codeOf(error));
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

/** Turns an unreachable database into a `transport` failure and passes everything else on. */
export function asDatabaseError(error: unknown): unknown {
  if (!isDatabaseUnavailable(error) || isHoldfastError(error)) return error;
  return new HoldfastError("the database cannot be reached", {
    code: "database_unavailable",
    class: "transport",
    scope: "service",
    retryAfterMs: 2_000,
    cause: error,
  });
}
