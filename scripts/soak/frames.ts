/** What the client said of each frame, and what the server has of it in the end. */
import type { Db } from "@holdfast/store";
import { sql } from "kysely";
import { wordName, wordsIn } from "../../simulation/sound.ts";

export class Frames {
  readonly written = new Set<string>();
  /** The server has them, and the client heard of it. */
  readonly delivered = new Set<string>();

  /** A line that the recorder of this cycle said. */
  hear(cycle: number, line: string): void {
    const [what, number] = line.split(" ");
    const name = wordName(cycle, Number(number));
    if (what === "written") this.written.add(name);
    if (what === "delivered") this.delivered.add(name);
  }
}

export interface Verdict {
  /** Written, and in no conversation. */
  readonly lost: readonly string[];
  /** There more than once. */
  readonly twice: readonly string[];
}

export async function judge(db: Db, frames: Frames): Promise<Verdict> {
  const times = new Map<string, number>();
  const { rows } = await sql<{ text: string }>`
    select s.text from segments s
    join conversations c on c.user_id = s.user_id and c.id = s.conversation_id and c.deleted_at is null`.execute(db);
  for (const { text } of rows) for (const word of wordsIn(text)) times.set(word, (times.get(word) ?? 0) + 1);
  return {
    lost: [...frames.written].filter((word) => !times.has(word)),
    twice: [...times].filter(([, count]) => count > 1).map(([word]) => word),
  };
}

/** Jobs that are not over, and live sound that nobody has heard yet. */
export async function unfinished(db: Db): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select (select count(*) from jobs where state not in ('completed', 'partial_failure', 'failed', 'dead_letter'))
      + (select count(*) from recording_sessions where transcribed_messages < durable_messages) as count`.execute(db);
  return Number(rows[0]?.count ?? 0);
}
