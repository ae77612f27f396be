/**
 * A user's recordings meet a PostgreSQL whose disk has no room, at every write in turn: the gateway refuses with a time to come
 * back and keeps nothing, the worker waits and spends no attempt. Which writes there are is seen in a run before.
 */
import { isTerminal } from "@holdfast/core";
import type { Job } from "@holdfast/store";
import { openFullDatabase, waitFor } from "@holdfast/testkit";
import { expect } from "vitest";
import type { Stage } from "./stage.ts";

export async function expectFullAtEveryWrite(stage: Stage): Promise<void> {
  const before = await stage.another();
  const full = await openFullDatabase(stage.world.db);
  try {
    await stage.startWorker();
    await before.send();
    await before.until("the end of a job", ({ state }) => isTerminal(state));
    await waitFor("its bytes to go", async () => (await before.files()).length === 0);
    expect(await full.fill()).toBeGreaterThanOrEqual(15);
    const refusals = await sendUntilTaken(stage);
    expect(refusals).toBeGreaterThanOrEqual(3);
    expect(stage.world.said("server")).toContain('"reason":"database_unavailable","class":"transport"');
    await endJob(stage);
    // The figures of the worker are written a second later.
    await expect.poll(() => full.left(), { timeout: 10_000 }).toEqual([]);
  } finally {
    await full.empty();
  }
}

/** Returns how often it was refused. */
async function sendUntilTaken(stage: Stage): Promise<number> {
  for (let refusals = 0; ; refusals += 1) {
    const answer = await stage.post();
    if (answer.status === 202) {
      await stage.taken(answer);
      return refusals;
    }
    expect([answer.status, Number(answer.headers.get("retry-after")) > 0]).toEqual([503, true]);
    expect(await stage.files()).toEqual([]);
  }
}

/** Until the job is final. The waits between its tries are cut short. */
async function endJob(stage: Stage): Promise<void> {
  for (;;) {
    const isOver = ({ state, dueMs }: Job): boolean => isTerminal(state) || (state === "queued" && dueMs > Date.now());
    const job = await stage.until("the end of a try", isOver);
    expect(job.attempts).toBe(0);
    if (isTerminal(job.state)) return;
    expect(job.reasonCode).toBe("database_unavailable");
    await stage.world.db.updateTable("jobs").set({ due_at: new Date() }).where("id", "=", job.id).execute();
  }
}
