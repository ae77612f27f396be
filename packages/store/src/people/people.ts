/** People a user knows by name. One name is one person, whatever its case. */
import { HoldfastError } from "@holdfast/contract";
import { nameKey } from "@holdfast/core";
import type { Selectable } from "kysely";
import type { Db } from "../database.ts";
import type { PeopleTable } from "../schema.ts";

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export interface NewPerson {
  readonly userId: string;
  readonly id: string;
  readonly name: string;
  readonly nowMs: number;
}

const personOf = (row: Selectable<PeopleTable>): Person => ({
  id: row.id,
  name: row.name,
  createdMs: row.created_at,
  updatedMs: row.updated_at,
});

/** By name. */
export async function listPeople(db: Db, userId: string): Promise<Person[]> {
  const rows = await db
    .selectFrom("people")
    .selectAll()
    .where("user_id", "=", userId)
    .orderBy("name_key")
    .limit(2_000)
    .execute();
  return rows.map(personOf);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

export async function findPerson(db: Db, userId: string, id: string): Promise<Person | undefined> {
  if (!UUID.test(id)) return undefined;
  const row = await db
    .selectFrom("people")
    .selectAll()
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? undefined : personOf(row);
}

export async function findPersonByName(db: Db, userId: string, name: string): Promise<Person | undefined> {
  const row = await db
    .selectFrom("people")
    .selectAll()
    .where("user_id", "=", userId)
    .where("name_key", "=", nameKey(name))
    .executeTakeFirst();
  return row === undefined ? undefined : personOf(row);
}

/** The person of this name: made now, or the one that was there. Two callers at once get the same one. */
export async function createPerson(db: Db, person: NewPerson): Promise<Person> {
  const now = new Date(person.nowMs);
  const row = await db
    .insertInto("people")
    .values({
      user_id: person.userId,
      id: person.id,
      name: person.name,
      name_key: nameKey(person.name),
      created_at: now,
      updated_at: now,
    })
    // Writes what is there already, so that the row is returned and not only skipped.
    .onConflict((conflict) =>
      conflict.columns(["user_id", "name_key"]).doUpdateSet((eb) => ({ name: eb.ref("people.name") })),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
  return personOf(row);
}

/** False where there is no such person. Throws HoldfastError `conflict` where another person has the name. */
export async function renamePerson(db: Db, person: NewPerson): Promise<boolean> {
  const key = nameKey(person.name);
  const other = await findPersonByName(db, person.userId, person.name);
  if (other !== undefined && other.id !== person.id) throw nameTaken();
  const result = await db
    .updateTable("people")
    .set({ name: person.name, name_key: key, updated_at: new Date(person.nowMs) })
    .where("user_id", "=", person.userId)
    .where("id", "=", person.id)
    .executeTakeFirst()
    .catch((error: unknown) => {
      throw isUniqueViolation(error) ? nameTaken() : error;
    });
  return result.numUpdatedRows === 1n;
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "23505";
}

function nameTaken(): HoldfastError {
  return new HoldfastError("Another person has this name", { code: "conflict", class: "permanent_input" });
}
