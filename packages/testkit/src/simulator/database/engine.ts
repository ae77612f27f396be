/**
 * A real PostgreSQL inside this process (PGlite, the server compiled to WebAssembly, in memory): the same SQL, the same
 * constraints, the same planner. A statement is a plain call that returns its result, so a simulated world decides when it
 * happens. One session: transactions do not overlap, which `server.ts` sees to.
 *
 * Plans are generic and tables are truncated between worlds, so that a world never depends on the ones before it. Tables are
 * unlogged: a world outlives no crash of this process.
 */
import { PGlite } from "@electric-sql/pglite";
import { COLUMN_TYPES } from "@holdfast/store";
import { type Answer, type Column, readAnswer, scriptFrames, statementFrames } from "./wire.ts";

export interface QueryResult {
  readonly command: string;
  readonly rowCount: number;
  readonly rows: Record<string, unknown>[];
}

const SETTINGS = [
  "shared_buffers = 16MB",
  "plan_cache_mode = force_generic_plan",
  "jit = off",
  "timezone = 'UTC'",
  "synchronous_commit = off",
  "full_page_writes = off",
];

interface Prepared {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly parse: (text: string) => unknown }[];
}

export class DatabaseEngine {
  readonly #pglite: PGlite;
  readonly #prepared = new Map<string, Prepared>();
  #names = 0;

  private constructor(pglite: PGlite) {
    this.#pglite = pglite;
  }

  static async start(): Promise<DatabaseEngine> {
    return new DatabaseEngine(await PGlite.create({ postgresqlconf: SETTINGS }));
  }

  async close(): Promise<void> {
    await this.#pglite.close();
  }

  /** Runs one statement now. Throws the server's error, with its SQLSTATE in `code`. */
  query(text: string, parameters: readonly unknown[] = []): QueryResult {
    let prepared = this.#prepared.get(text);
    if (prepared === undefined) this.#names += 1;
    const name = prepared?.name ?? `s${this.#names}`;
    const frames = statementFrames(name, prepared === undefined ? text : undefined, parameters.map(wireValue));
    const answer = this.#exchange(frames);
    if (prepared === undefined) {
      prepared = { name, columns: (answer.columns ?? []).map(withParser) };
      this.#prepared.set(text, prepared);
    }
    const { columns } = prepared;
    const rows = answer.rows.map((fields) => {
      const row: Record<string, unknown> = {};
      for (let index = 0; index < columns.length; index++) {
        const column = columns[index];
        const field = fields[index];
        if (column !== undefined) row[column.name] = field === null || field === undefined ? null : column.parse(field);
      }
      return row;
    });
    const words = answer.tag.split(" ");
    return { command: words[0] ?? "", rowCount: Number(words.at(-1)) || 0, rows };
  }

  /** Several statements without parameters. */
  execute(script: string): void {
    this.#exchange(scriptFrames(script));
  }

  #exchange(frames: Uint8Array): Answer {
    // An asynchronous function runs synchronously up to its first wait, and the server has answered by then. (Its synchronous
    // sister does the same and parses all of it once more.)
    const parts: Uint8Array[] = [];
    const options = { syncToFs: false, onRawData: (part: Uint8Array) => void parts.push(part.slice()) };
    this.#pglite.execProtocolRawStream(frames, options).catch((error: unknown) => {
      throw error;
    });
    const [first] = parts;
    const answer = readAnswer(first !== undefined && parts.length === 1 ? first : Buffer.concat(parts));
    if (answer.error !== undefined) throw answer.error;
    return answer;
  }
}

function withParser({ name, type }: Column): Prepared["columns"][number] {
  return { name, parse: COLUMN_TYPES.getTypeParser(type) };
}

/** As the driver writes values: times in UTC, bytes as bytes, objects as JSON, everything else as its text. */
function wireValue(value: unknown): string | Uint8Array | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `{${value.map(arrayItem).join(",")}}`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function arrayItem(value: unknown): string {
  const item = wireValue(value);
  if (item === null) return "NULL";
  const text = typeof item === "string" ? item : `\\x${Buffer.from(item).toString("hex")}`;
  return `"${text.replace(/[\\"]/g, (character) => `\\${character}`)}"`;
}
