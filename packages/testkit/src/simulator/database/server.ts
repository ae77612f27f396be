/**
 * The database as simulated processes see it: pools of connections to one server that answers late, breaks connections, goes
 * away and comes back. A statement is sent, happens, and is answered, at three different moments; a fault may fall between
 * any two, so that a client that sees an error cannot know whether its statement, or its commit, happened.
 *
 * Transactions are serial: a statement of one waits while another is open, as if every row were locked. (What overlapping
 * transactions can do to each other is tested on a real server.) The death of a process rolls its transaction back.
 */
import type { Db } from "@holdfast/store";
import { Kysely, PostgresDialect, type PostgresPool } from "kysely";
import type { SimProcess } from "../process.ts";
import type { SeededRandom } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import type { DatabaseEngine, QueryResult } from "./engine.ts";

/** What happens to one statement: `lost` fails before, `in_doubt` after it happened; `killed` takes its process with it. */
export type StatementFate = "fine" | "lost" | "in_doubt" | "killed_before" | "killed_after" | "stopped_after";

export interface DatabaseServerOptions {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly engine: DatabaseEngine;
  /** Asked for every statement that is sent. */
  readonly fate: (process: SimProcess, sql: string) => StatementFate;
  /** Milliseconds of one way between process and server. */
  readonly delayMs: () => number;
  /** Told after every write that is there to stay, with the tables it touched. */
  readonly onCommitted: (tables: ReadonlySet<string>, by: SimProcess) => void;
  /** Replaces a statement, for worlds with a planted fault. */
  readonly rewrite?: ((sql: string) => string) | undefined;
}

const WRITES = /\b(?:insert into|update|delete from)\s+"?([a-z_]+)"?/g;

export class DatabaseServer {
  readonly #options: DatabaseServerOptions;
  readonly #clients = new Set<SimClient>();
  readonly #touches = new Map<string, ReadonlySet<string>>();
  #up = true;
  #holder: SimClient | undefined;
  #waiting: (() => void)[] = [];
  statements = 0;

  constructor(options: DatabaseServerOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#up;
  }

  get options(): DatabaseServerOptions {
    return this.#options;
  }

  /** A pool of this process; it dies with it. */
  open(process: SimProcess, maxConnections: number): Db {
    const pool = new SimPool(this, process, maxConnections);
    return new Kysely({ dialect: new PostgresDialect({ pool: pool as unknown as PostgresPool }) });
  }

  /** The server goes away: transactions are rolled back, connections break, new ones are refused. */
  goAway(): void {
    if (!this.#up) return;
    this.#up = false;
    this.#options.scheduler.note("database away");
    for (const client of [...this.#clients]) client.breakDown();
  }

  comeBack(): void {
    if (this.#up) return;
    this.#up = true;
    this.#options.scheduler.note("database back");
  }

  attach(client: SimClient): void {
    this.#clients.add(client);
    client.process.onDeath(() => this.detach(client));
  }

  /** The connection is gone: what it had open is rolled back. */
  detach(client: SimClient): void {
    this.#clients.delete(client);
    if (this.#holder === client) {
      this.#options.engine.query("rollback");
      this.#free();
    }
  }

  /** Runs `call` when no transaction but the client's own is open. */
  whenFree(client: SimClient, call: () => void): void {
    if (this.#holder === undefined || this.#holder === client) call();
    else this.#waiting.push(() => this.whenFree(client, call));
  }

  /** The statement happens. */
  execute(client: SimClient, sql: string, parameters: readonly unknown[]): QueryResult {
    this.statements += 1;
    const { engine, rewrite } = this.#options;
    const text = rewrite === undefined ? sql : rewrite(sql);
    if (client.inTransaction && this.#holder === undefined) {
      engine.query("begin");
      this.#holder = client;
    }
    const result = engine.query(text, parameters);
    this.#options.scheduler.onTrace?.(
      `      ${client.process.name} ${summaryOf(text, parameters)} => ${result.rowCount}`,
    );
    if (result.rowCount > 0) for (const table of this.#tablesOf(text)) client.touched.add(table);
    if (!client.inTransaction) this.#committed(client);
    return result;
  }

  end(client: SimClient, command: "commit" | "rollback"): QueryResult {
    if (this.#holder !== client) return { command: command.toUpperCase(), rowCount: 0, rows: [] };
    const result = this.#options.engine.query(command);
    if (result.command === "COMMIT") this.#committed(client);
    client.touched.clear();
    this.#free();
    return result;
  }

  #committed(client: SimClient): void {
    if (client.touched.size === 0) return;
    this.#options.onCommitted(client.touched, client.process);
    client.touched.clear();
  }

  #free(): void {
    this.#holder = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) call();
  }

  #tablesOf(sql: string): ReadonlySet<string> {
    let tables = this.#touches.get(sql);
    if (tables === undefined) {
      tables = new Set([...sql.toLowerCase().matchAll(WRITES)].map((match) => match[1] ?? ""));
      this.#touches.set(sql, tables);
    }
    return tables;
  }
}

/** How long a pool waits for a connection, as `openDatabase` sets it. */
const CONNECT_TIMEOUT_MS = 5_000;

class SimPool {
  readonly #server: DatabaseServer;
  readonly #process: SimProcess;
  readonly #max: number;
  readonly #idle: SimClient[] = [];
  readonly #waiting: (() => void)[] = [];
  #open = 0;

  constructor(server: DatabaseServer, process: SimProcess, max: number) {
    this.#server = server;
    this.#process = process;
    this.#max = max;
  }

  connect(): Promise<SimClient> {
    return new Promise((resolve, reject) => {
      const late = this.#process.after(CONNECT_TIMEOUT_MS, "pool timeout", () => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(new Error("timeout exceeded when trying to connect"));
      });
      const take = (): void => {
        late.cancel();
        this.#client().then(resolve, reject);
      };
      if (this.#idle.length > 0 || this.#open < this.#max) take();
      else this.#waiting.push(take);
    });
  }

  async end(): Promise<void> {}

  async #client(): Promise<SimClient> {
    const idle = this.#idle.pop();
    if (idle !== undefined && !idle.isBroken) return idle;
    if (idle !== undefined) this.#open -= 1;
    this.#open += 1;
    const { delayMs } = this.#server.options;
    await this.#after(delayMs() * 2);
    if (this.#server.isUp) {
      const client = new SimClient(this.#server, this.#process, (broken) => this.#release(client, broken));
      this.#server.attach(client);
      return client;
    }
    this.#open -= 1;
    this.#next();
    throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => this.#process.after(ms, "database connect", resolve));
  }

  #release(client: SimClient, broken: boolean): void {
    if (broken || client.isBroken) {
      this.#open -= 1;
      this.#server.detach(client);
    } else this.#idle.push(client);
    this.#next();
  }

  #next(): void {
    this.#waiting.shift()?.();
  }
}

class SimClient {
  readonly process: SimProcess;
  readonly touched = new Set<string>();
  readonly #server: DatabaseServer;
  readonly #onRelease: (broken: boolean) => void;
  readonly #unanswered = new Set<(error: Error) => void>();
  inTransaction = false;
  isBroken = false;

  constructor(server: DatabaseServer, process: SimProcess, onRelease: (broken: boolean) => void) {
    this.#server = server;
    this.process = process;
    this.#onRelease = onRelease;
  }

  /** The server or the way to it broke: whoever waits for an answer gets an error. */
  breakDown(): void {
    if (this.isBroken) return;
    this.isBroken = true;
    this.#server.detach(this);
    const { random } = this.#server.options;
    for (const reject of this.#unanswered) {
      this.process.after(this.#server.options.delayMs(), "database lost", () => reject(connectionError(random)));
    }
    this.#unanswered.clear();
  }

  release(error?: boolean | Error): void {
    this.#onRelease(error !== undefined && error !== false);
  }

  query(sql: string, parameters: readonly unknown[]): Promise<QueryResult> {
    return new Promise((resolve, reject) => {
      if (this.isBroken) return reject(new Error("Client has encountered a connection error and is not queryable"));
      this.#send(sql, parameters, resolve, reject);
    });
  }

  #send(
    sql: string,
    parameters: readonly unknown[],
    resolve: (result: QueryResult) => void,
    reject: (error: unknown) => void,
  ): void {
    const { scheduler, delayMs, fate: fateOf } = this.#server.options;
    const fail = (error: Error): void => reject(error);
    this.#unanswered.add(fail);
    const fate = fateOf(this.process, sql);
    const name = nameOf(sql);
    if (fate === "killed_before") {
      this.process.kill();
      return;
    }
    scheduler.after(delayMs(), `${this.process.name} sql ${name}`, undefined, () => {
      if (this.isBroken || this.process.isDead) return;
      if (fate === "lost") return this.breakDown();
      this.#server.whenFree(this, () => {
        if (this.isBroken || this.process.isDead) return;
        const settle = this.#happen(sql, parameters, resolve, reject);
        if (fate === "in_doubt") return this.breakDown();
        if (fate === "killed_after") return this.process.kill();
        if (fate === "stopped_after") {
          this.process.stop();
          scheduler.after(this.#server.options.random.between(1_000, 25_000), "go on", undefined, () =>
            this.process.resume(),
          );
        }
        this.process.after(delayMs(), `answer ${name}`, () => {
          if (this.#unanswered.delete(fail)) settle();
        });
      });
    });
  }

  /** Returns what tells the client. */
  #happen(
    sql: string,
    parameters: readonly unknown[],
    resolve: (result: QueryResult) => void,
    reject: (error: unknown) => void,
  ): () => void {
    try {
      const result = this.#run(sql, parameters);
      return () => resolve(result);
    } catch (error) {
      return () => reject(error);
    }
  }

  #run(sql: string, parameters: readonly unknown[]): QueryResult {
    if (sql === "begin") {
      // It takes effect with the first statement, so that an empty transaction holds nobody up.
      this.inTransaction = true;
      return { command: "BEGIN", rowCount: 0, rows: [] };
    }
    if (sql === "commit" || sql === "rollback") {
      const result = this.#server.end(this, sql);
      this.inTransaction = false;
      return result;
    }
    return this.#server.execute(this, sql, parameters);
  }
}

/** The errors a driver gives for a connection that broke under a statement. */
function connectionError(random: SeededRandom): Error {
  switch (random.int(0, 2)) {
    case 0:
      return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    case 1:
      return Object.assign(new Error("terminating connection due to administrator command"), { code: "57P01" });
    default:
      return new Error("Connection terminated unexpectedly");
  }
}

const names = new Map<string, string>();

/** Enough of a statement to tell it from others in a trace. */
function nameOf(sql: string): string {
  let name = names.get(sql);
  if (name === undefined) {
    name = namedAfter(sql);
    names.set(sql, name);
  }
  return name;
}

function namedAfter(sql: string): string {
  const flat = sql.replace(/\s+/g, " ").replaceAll('"', "").trim();
  const verb = /^(?:with .*? )?(insert into|update|delete from|select)/i.exec(flat)?.[1] ?? flat.slice(0, 10);
  const table = /\b(?:insert into|update|delete from|from) ([a-z_]+)/i.exec(flat)?.[1] ?? "";
  return `${verb.toLowerCase()} ${table}`;
}

/** A statement and its values on one line, for people who read a replay. */
function summaryOf(sql: string, parameters: readonly unknown[]): string {
  const values = parameters.map((value) => {
    if (value instanceof Uint8Array) return `<${value.length} bytes>`;
    if (value instanceof Date) return value.toISOString().slice(14, 23);
    return String(value).slice(0, 60);
  });
  return `${sql.replace(/\s+/g, " ").slice(0, 110)} [${values.join(", ")}]`;
}
