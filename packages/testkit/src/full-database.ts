/**
 * A PostgreSQL whose disk is full at every write, one after the other, as it says it itself (SQLSTATE 53100): first it notes what
 * is inserted and updated, by table and statement; from `fill` on each of these fails the first time it comes. What has failed stays
 * known where the transaction is rolled back, because it is counted by sequences.
 */
import type { Db } from "@holdfast/store";
import { sql } from "kysely";

export interface FullDatabase {
  /** From now on each write that was noted fails the first time. Returns how many there are. */
  fill(): Promise<number>;
  /** Writes that were noted and have not failed yet. */
  left(): Promise<readonly string[]>;
  /** No write is looked at any more. */
  empty(): Promise<void>;
}

/** Notes every write to every table from now on. */
export async function openFullDatabase(db: Db): Promise<FullDatabase> {
  await sql`create schema full_disk`.execute(db);
  await sql`create table full_disk.writes (key text primary key, statement text not null)`.execute(db);
  await sql`create function full_disk.look() returns trigger language plpgsql as $$
    declare
      written text := tg_table_name || ' ' || tg_op || ': ' || coalesce(current_query(), 'commit');
      key text := 'w' || md5(written);
      counter regclass := to_regclass('full_disk.' || key);
    begin
      if counter is null then
        insert into full_disk.writes values (key, written) on conflict do nothing;
      elsif nextval(counter) = 1 then
        raise exception 'could not extend file: no space left on device (injected)' using errcode = 'disk_full';
      end if;
      return null;
    end $$`.execute(db);
  const tables = await sql<{
    name: string;
  }>`select tablename as name from pg_tables where schemaname = 'public'`.execute(db);
  for (const { name } of tables.rows) {
    await sql`create trigger full_disk before insert or update on ${sql.table(name)}
      for each statement execute function full_disk.look()`.execute(db);
  }
  const writes = async () => {
    const { rows } = await sql<{ key: string; statement: string }>`select key, statement from full_disk.writes`.execute(
      db,
    );
    return rows;
  };
  const counters = sql<{ name: string }>`select sequencename as name from pg_sequences
    where schemaname = 'full_disk' and last_value is null`;
  return {
    async fill() {
      const noted = await writes();
      for (const { key } of noted) await sql`create sequence ${sql.table(`full_disk.${key}`)}`.execute(db);
      return noted.length;
    },
    async left() {
      const unmet = new Set((await counters.execute(db)).rows.map(({ name }) => name));
      return (await writes()).filter(({ key }) => unmet.has(key)).map(({ statement }) => statement);
    },
    async empty() {
      await sql`drop schema full_disk cascade`.execute(db);
    },
  };
}
