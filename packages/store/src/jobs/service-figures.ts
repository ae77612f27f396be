/**
 * What workers measured, kept here so that every gateway can show it and count on it: counters that only grow, and how fast
 * uploads are worked on. A worker adds what it counted every second; what it counted in the second of its death is lost.
 *
 * Locks: counter rows in the order of their keys, then the row of the speed. Two workers at most wait for one another.
 */
import { blendSpeed, type Work } from "@holdfast/core";
import { sql } from "kysely";
import type { Db } from "../database.ts";

export interface ServiceFigure {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Adds to the counters, and to the speed where there was work. */
export async function addServiceFigures(
  db: Db,
  figures: readonly ServiceFigure[],
  work: Work,
  nowMs: number,
): Promise<void> {
  const rows = figures
    .map(({ name, labels, value }) => ({ name, labels: keyOf(labels), value }))
    .sort((a, b) => (a.name + a.labels < b.name + b.labels ? -1 : 1));
  await db.transaction().execute(async (trx) => {
    if (rows.length > 0) {
      await trx
        .insertInto("service_figures")
        .values(rows)
        .onConflict((conflict) =>
          conflict.columns(["name", "labels"]).doUpdateSet({ value: sql`service_figures.value + excluded.value` }),
        )
        .execute();
    }
    if (work.busyMs <= 0) return;
    await trx
      .insertInto("service_speed")
      .values({ kind: "sync", speed: blendSpeed(undefined, work) ?? 0, measured_at: new Date(0) })
      .onConflict((conflict) => conflict.column("kind").doNothing())
      .execute();
    const before = await trx
      .selectFrom("service_speed")
      .select("speed")
      .where("kind", "=", "sync")
      .forUpdate()
      .executeTakeFirst();
    await trx
      .updateTable("service_speed")
      .set({ speed: blendSpeed(before?.speed, work) ?? 0, measured_at: new Date(nowMs) })
      .where("kind", "=", "sync")
      .execute();
  });
}

export async function listServiceFigures(db: Db): Promise<ServiceFigure[]> {
  const rows = await db.selectFrom("service_figures").selectAll().orderBy("name").orderBy("labels").execute();
  return rows.map(({ name, labels, value }) => ({ name, labels: JSON.parse(labels), value }));
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
}
