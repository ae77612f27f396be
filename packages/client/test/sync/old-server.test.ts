/**
 * A server of the time before reasons and headers: 429 without a word, jobs that its stale guard calls failed, jobs that are
 * gone. The client behaves as pull request #7451 asked of Omi's app (reference client-sync 11 and 12, D1 to D6, D20, D32, D36, D37): it
 * pauses, says so, keeps its attempts, and goes on by itself.
 */
import { describe, expect, test } from "vitest";
import { type Answer, accepted, completed, job, type Script } from "./scripted-server.ts";
import { HOUR, MINUTE, SECOND, type Stage, stage } from "./stage.ts";

const HALF_AN_HOUR = 30 * MINUTE;
const bare429: Answer = { status: 429, body: { detail: "Too many requests" } };
const stale: Answer = {
  status: 200,
  body: {
    ...{ job_id: "job-1", status: "failed", total_segments: 4, processed_segments: 0, failed_segments: 0 },
    error: "Job timed out (background worker likely died)",
  },
};
const empty: Answer = { status: 200, body: { job_id: "job-1", status: "failed", total_segments: 0, error: "" } };

const refusing: Script = ({ method }) => (method === "POST" ? bare429 : { status: 404 });

async function begun(script: Script, ids: readonly string[] = ["a"]): Promise<Stage> {
  const made = stage(script);
  for (const id of ids) made.log.add(id, { sessionId: id });
  made.engine.start();
  await made.clock.advance(0);
  return made;
}

describe("429 without a header", () => {
  test("is a busy server for half an hour: one request, and the recording waits as it did", async () => {
    const { engine, log, clock, server } = await begun(refusing, ["a", "b", "c"]);
    expect(server.asked).toHaveLength(1);
    expect(engine.status.limit).toEqual({ reason: "backend_busy", untilMs: clock.now() + HALF_AN_HOUR });
    for (const { status, attempts, jobId } of log.recordings.values()) {
      expect({ status, attempts, jobId }).toEqual({ status: "miss", attempts: 0, jobId: null });
    }
    expect(engine.explain("a")).toMatchObject({ state: "waiting", next: "sends_after_pause", why: "backend_busy" });
    await clock.advance(HALF_AN_HOUR - SECOND);
    expect(server.asked).toHaveLength(1);
  });

  test("a day of it costs some fifty requests, and no recording fails", async () => {
    const { engine, clock, server } = await begun(
      refusing,
      Array.from({ length: 100 }, (_, i) => `r${i}`),
    );
    await clock.advance(24 * HOUR);
    expect(server.asked.length).toBeLessThan(55);
    expect(engine.status.counts).toMatchObject({ waiting: 100, attention: 0, retrying: 0 });
  });

  test.each(["nonsense", "0", "-5", ""])("Retry-After %j means half an hour as well", async (wish) => {
    const { engine, clock } = await begun(() => ({ ...bare429, headers: { "retry-after": wish } }));
    expect(engine.status.limit?.untilMs).toBe(clock.now() + HALF_AN_HOUR);
  });

  test("a date is read, and a time of years is cut to a day", async () => {
    const made = stage(() => ({
      ...bare429,
      headers: { "retry-after": new Date(made.clock.now() + HOUR).toUTCString() },
    }));
    made.log.add("a");
    made.engine.start();
    await made.clock.advance(0);
    expect(made.engine.status.limit?.untilMs).toBe(made.clock.now() + HOUR);
    const far = await begun(() => ({ ...bare429, headers: { "retry-after": "99999999" } }));
    expect(far.engine.status.limit?.untilMs).toBe(far.clock.now() + 24 * HOUR);
  });
});

describe("the button", () => {
  test("pressed in a pause never shows that something is being sent", async () => {
    const { engine, clock, server } = await begun(refusing);
    const phases = new Set<string>();
    engine.on(() => void phases.add(engine.status.phase));
    engine.syncNow();
    await engine.retry(["a"]);
    await clock.advance(MINUTE);
    expect([...phases]).toEqual(["idle"]);
    expect(engine.status.card).toMatchObject({ state: "limited_busy", button: null, spinner: false });
    expect(server.asked).toHaveLength(1);
  });
});

describe("the end of a pause", () => {
  test("comes by a timer: the card changes, and the upload begins with nobody there", async () => {
    let isBusy = true;
    const { engine, log, clock } = await begun(({ method }) =>
      method === "POST" ? (isBusy ? bare429 : accepted("job-1")) : job("queued"),
    );
    const cards: string[] = [];
    engine.on((name) => {
      if (name === "changed" && cards.at(-1) !== engine.status.card.state) cards.push(engine.status.card.state);
    });
    isBusy = false;
    await clock.advance(HALF_AN_HOUR + MINUTE);
    expect(cards).toEqual(["ready", "uploading", "processing"]);
    expect(log.get("a").attempts).toBe(0);
  });

  test("nobody who left hears of it", async () => {
    const { engine, clock } = await begun(refusing);
    let heard = 0;
    const leave = engine.on(() => {
      heard += 1;
    });
    leave();
    await clock.advance(HALF_AN_HOUR + MINUTE);
    expect(heard).toBe(0);
  });
});

describe("jobs that the stale guard calls failed", () => {
  test.each([
    ["by its words", stale],
    ["by a failure without segments and without a reason", empty],
  ])("%s: a pause of ten minutes, no attempt, and the same bytes again", async (_name, answer) => {
    let isStale = true;
    const { engine, log, clock, server, named } = await begun(({ method }) =>
      method === "POST" ? accepted("job-1") : isStale ? answer : completed(),
    );
    await clock.advance(20 * SECOND);
    expect(log.get("a")).toMatchObject({ status: "miss", attempts: 0, jobId: null });
    expect(engine.status.limit).toEqual({ reason: "backend_busy", untilMs: clock.now() + 10 * MINUTE });
    expect(named("reconcile_revert")).toMatchObject([
      { outcome: "failed", capacityLimited: true, retryCountBumped: false },
    ]);
    isStale = false;
    await clock.advance(15 * MINUTE);
    expect(server.uploads).toHaveLength(2);
    expect(log.get("a")).toMatchObject({ status: "synced", attempts: 0 });
  });

  test("a failure with segments is one of the content: three, and a person is asked", async () => {
    const failed: Answer = {
      status: 200,
      body: { job_id: "j", status: "failed", total_segments: 4, failed_segments: 4 },
    };
    const { engine, log, clock, server } = await begun(({ method }) =>
      method === "POST" ? accepted("job-1") : failed,
    );
    await clock.advance(24 * HOUR);
    expect(log.get("a")).toMatchObject({ status: "miss", attempts: 3 });
    expect(server.uploads).toHaveLength(3);
    expect(engine.status).toMatchObject({ limit: null, card: { state: "attention" } });
  });
});

describe("jobs that are gone", () => {
  test("are sent again at once, and counted", async () => {
    let isGone = true;
    const { log, clock, server, named } = await begun(({ method }) =>
      method === "POST" ? accepted("job-1") : isGone ? { status: 404, body: { detail: "Job not found" } } : completed(),
    );
    await clock.advance(20 * SECOND);
    isGone = false;
    expect(named("reconcile_revert")).toMatchObject([{ outcome: "not_found", fileExists: true, retryCount: 1 }]);
    expect(server.uploads).toHaveLength(2);
    await clock.advance(MINUTE);
    expect(log.get("a")).toMatchObject({ status: "synced", attempts: 1 });
  });
});
