/** What the client said of each frame, and what the server has of it in the end. */
import type { Db } from "@holdfast/store";
import { sql } from "kysely";
import { wordName, wordsIn } from "../../simulation/sound.ts";

/** An acknowledgement is written down within a second; what died before that is sent again. */
const WRITTEN_DOWN_MS = 2_000;

export class Frames {
  readonly written = new Set<string>();
  /** The server has them, and the client knew. */
  readonly delivered = new Set<string>();
  /** The client wrote that down: it may not send them again. */
  readonly known = new Set<string>();
  #fresh: { readonly name: string; readonly atMs: number }[] = [];

  /** A line that the recorder of this cycle said. */
  hear(cycle: number, line: string): void {
    const [what, number] = line.split(" ");
    const name = wordName(cycle, Number(number));
    if (what === "written") this.written.add(name);
    if (what !== "delivered") return;
    this.delivered.add(name);
    this.#fresh.push({ name, atMs: Date.now() });
  }

  /** The client was killed just now. */
  killed(): void {
    const untilMs = Date.now() - WRITTEN_DOWN_MS;
    for (const { name, atMs } of this.#fresh) if (atMs < untilMs) this.known.add(name);
    this.#fresh = [];
  }
}

export interface Repeat {
  readonly word: string;
  readonly conversations: number;
}

export interface Verdict {
  /** Written, and in no conversation. */
  readonly lost: readonly string[];
  /** There more than once, although the client had written down that the server had it. */
  readonly twice: readonly Repeat[];
  /** There more than once, because what the server had said died with the process. */
  readonly repeated: readonly Repeat[];
}

export async function judge(db: Db, frames: Frames): Promise<Verdict> {
  const places = new Map<string, string[]>();
  const { rows } = await sql<{ conversation_id: string; text: string }>`
    select s.conversation_id, s.text from segments s
    join conversations c on c.user_id = s.user_id and c.id = s.conversation_id and c.deleted_at is null`.execute(db);
  for (const { conversation_id, text } of rows) {
    for (const word of wordsIn(text)) places.set(word, [...(places.get(word) ?? []), conversation_id]);
  }
  const more = [...places]
    .filter(([, found]) => found.length > 1)
    .map(([word, found]) => ({ word, conversations: new Set(found).size }));
  return {
    lost: [...frames.written].filter((word) => !places.has(word)),
    twice: more.filter(({ word }) => frames.known.has(word)),
    repeated: more.filter(({ word }) => !frames.known.has(word)),
  };
}

/** Jobs that are not over, and live sound that nobody has heard yet. */
export async function unfinished(db: Db): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select (select count(*) from jobs where state not in ('completed', 'partial_failure', 'failed', 'dead_letter'))
      + (select count(*) from recording_sessions where transcribed_messages < durable_messages) as count`.execute(db);
  return Number(rows[0]?.count ?? 0);
}
