import { describe, expect, test } from "vitest";
import { type Answer, accepted, completed, job, limited } from "./scripted-server.ts";
import { friendly, HOUR, MINUTE, SECOND, type Stage, stage } from "./stage.ts";

const asked = ({ engine }: Stage): { readonly syncNow: () => void } => ({ syncNow: () => engine.syncNow() });

/** The first upload is answered so, and later ones are taken. */
function once(answer: Answer): (asked: { readonly method: string; readonly path: string }) => Answer {
  let isFirst = true;
  return ({ method, path }) => {
    if (path === "/v1/fair-use/status") return { status: 200, body: { stage: "none" } };
    if (method !== "POST") return completed();
    const wasFirst = isFirst;
    isFirst = false;
    return wasFirst ? answer : accepted("job-1");
  };
}

describe("a pause", () => {
  test("costs no request however many recordings wait and whatever wakes it, and ends by itself", async () => {
    const { engine, log, clock, server, window } = stage(once(limited("backfill_capacity", "1800", 503)));
    for (let i = 0; i < 500; i++) log.add(`r${i}`, { startedAtMs: 1_789_000_000_000 + i });
    engine.start();
    await clock.advance(0);
    expect(server.asked).toHaveLength(1);
    expect(engine.status).toMatchObject({
      card: { state: "limited_busy", spinner: false, button: null, resumesAtMs: clock.now() + 30 * MINUTE },
      limit: { reason: "backend_busy" },
    });
    for (let minute = 0; minute < 30; minute++) {
      engine.wake("recording_sealed");
      engine.wake("device_connected");
      window.set({ online: minute % 2 === 0, foreground: minute % 3 === 0 });
      engine.syncNow();
      await clock.advance(MINUTE - 1);
      expect(engine.status.counts.attention).toBe(0);
    }
    window.set({ online: true, foreground: true });
    await clock.advance(0);
    expect(server.asked).toHaveLength(1);
    for (let i = 0; i < 60; i++) await clock.advance(SECOND);
    expect(server.uploads.length).toBeGreaterThan(100);
    expect(engine.status.counts).toMatchObject({ waiting: 0, synced: 500 });
  });

  test("returns with jitter, at most a tenth of the pause or half a minute late", async () => {
    const random = { next: () => 0.999, uuid: () => "x" };
    const { engine, log, clock, server } = stage(once(limited(null, "100")), {}, random);
    log.add("a");
    engine.start();
    await clock.advance(100 * SECOND + 5);
    expect(engine.status).toMatchObject({ limit: null, card: { state: "ready" } });
    expect(server.uploads).toHaveLength(1);
    await clock.advance(10 * SECOND);
    expect(server.uploads).toHaveLength(2);
  });

  test("stops questions about jobs, too", async () => {
    const { engine, log, clock, server } = stage(({ method, files }) =>
      method === "POST" ? (files.includes("b_1.bin") ? limited(null, "600") : accepted("job-1")) : job("processing"),
    );
    log.add("a", { status: "uploaded", jobId: "job-1", uploadedAtMs: 1_789_999_999_000 });
    engine.start();
    await clock.advance(0);
    log.add("b");
    engine.wake("recording_sealed");
    await clock.advance(0);
    const before = server.asked.length;
    await clock.advance(9 * MINUTE);
    expect(server.asked.length).toBe(before);
    await clock.advance(5 * MINUTE);
    expect(server.polls.length).toBeGreaterThan(1);
  });

  test("a later, shorter answer of the same kind does not end it sooner", async () => {
    const { engine, clock } = stage();
    await engine.simulateCooldown("backend_busy", 10 * MINUTE);
    const until = clock.now() + 10 * MINUTE;
    await engine.simulateCooldown("backend_busy", MINUTE);
    expect(engine.status.limit).toEqual({ reason: "backend_busy", untilMs: until });
  });

  test("of two the later is shown, and they end one after the other", async () => {
    const { engine, clock } = stage();
    await engine.simulateCooldown("fair_use", 10 * MINUTE);
    await engine.simulateCooldown("backend_busy", 20 * MINUTE);
    expect(engine.status.card.state).toBe("limited_busy");
    await engine.simulateCooldown("fair_use", HOUR);
    expect(engine.status.card.state).toBe("limited_fair_use");
    await clock.advance(30 * MINUTE);
    expect(engine.status.card.state).toBe("limited_fair_use");
    await clock.advance(31 * MINUTE);
    expect(engine.status.limit).toBeNull();
  });

  test("is not longer because the clock was set back meanwhile", async () => {
    const { engine, log, clock } = stage();
    engine.start();
    await engine.simulateCooldown("backend_busy", 10 * MINUTE);
    log.add("a");
    await clock.advance(MINUTE);
    clock.setBack(HOUR);
    await clock.advance(8 * MINUTE);
    expect([engine.status.limit?.reason, log.get("a").status]).toEqual(["backend_busy", "miss"]);
    await clock.advance(2 * MINUTE);
    expect([engine.status.limit, log.get("a").status]).toEqual([null, "synced"]);
  });

  test("is shown as a change when it begins and when it ends", async () => {
    const { engine, clock, named } = stage();
    await engine.simulateCooldown("fair_use");
    expect(named("cooldown_started")).toEqual([
      { name: "cooldown_started", reason: "fair_use", until: clock.now() + MINUTE, simulated: true },
    ]);
    let changes = 0;
    engine.on((name) => {
      if (name === "changed") changes += 1;
    });
    await clock.advance(MINUTE + 1);
    expect(named("cooldown_ended")).toHaveLength(1);
    expect(changes).toBeGreaterThan(0);
  });
});

describe("a limit of fair use", () => {
  test("is kept over a restart; a busy server is asked anew", async () => {
    const first = stage(({ path }) =>
      path === "/v1/fair-use/status" ? { status: 200, body: { stage: "restrict" } } : limited("fair_use", "7200"),
    );
    first.log.add("a");
    first.engine.start();
    await first.clock.advance(0);
    const until = first.clock.now() + 2 * HOUR;
    const { engine, clock, server } = await first.restart();
    expect(engine.status.limit).toEqual({ reason: "fair_use", untilMs: until });
    engine.start();
    await clock.advance(HOUR);
    expect(server.uploads).toHaveLength(1);

    const busy = stage(once(limited("backfill_capacity", "7200", 503)));
    busy.log.add("a");
    busy.engine.start();
    await busy.clock.advance(0);
    const next = await busy.restart();
    next.engine.start();
    await next.clock.advance(0);
    expect(next.log.get("a").status).toBe("uploaded");
  });

  test("that the server has lifted is lifted at the start and when a person asks", async () => {
    let stage_ = "restrict";
    const first = stage(({ method, path }) => {
      if (path === "/v1/fair-use/status") return { status: 200, body: { stage: stage_ } };
      if (method !== "POST") return job("queued");
      return stage_ === "restrict" ? limited("fair_use", "7200") : accepted("job-1");
    });
    const { syncNow } = asked(first);
    first.log.add("a");
    first.engine.start();
    await first.clock.advance(0);
    syncNow();
    await first.clock.advance(0);
    expect(first.log.get("a").status).toBe("miss");
    stage_ = "throttle";
    syncNow();
    await first.clock.advance(0);
    expect(first.log.get("a").status).toBe("uploaded");
    stage_ = "restrict";
    first.log.add("b");
    first.engine.wake("recording_sealed");
    await first.clock.advance(0);
    stage_ = "none";
    const { engine, clock, log } = await first.restart();
    engine.start();
    await clock.advance(0);
    expect(log.get("b").status).toBe("uploaded");
  });

  test("that ran out is asked after before an upload, and holds a minute more where it still holds", async () => {
    let answer: Answer | undefined = { status: 200, body: { stage: "restrict" } };
    const { engine, log, clock, server, named } = stage(({ method, path }) => {
      if (path === "/v1/fair-use/status") return answer;
      return method === "POST"
        ? server.uploads.length === 1
          ? limited("fair_use", "600")
          : accepted("j")
        : completed();
    });
    log.add("a");
    engine.start();
    await clock.advance(11 * MINUTE);
    expect(server.uploads).toHaveLength(1);
    expect(named("fair_use_checked")[0]).toMatchObject({ restricted: true });
    expect(engine.status.card.state).toBe("limited_fair_use");
    answer = undefined;
    await clock.advance(3 * MINUTE);
    expect(server.uploads).toHaveLength(1);
    expect(named("fair_use_checked").at(-1)).toMatchObject({ restricted: "unknown" });
    answer = { status: 200, body: { stage: "warning" } };
    await clock.advance(2 * MINUTE);
    expect(server.uploads).toHaveLength(2);
  });

  test("a stored time that nobody can mean is cut to a month; nonsense is forgotten", async () => {
    const first = stage();
    first.log.notes.set("cooldown.fair_use", JSON.stringify({ untilMs: 9e15, setAtMs: first.clock.now() }));
    const kept = await first.restart();
    expect(kept.engine.status.limit?.untilMs).toBe(kept.clock.now() + 30 * 24 * HOUR);
    for (const text of ["{", "1", "null", '{"untilMs":"x"}']) {
      first.log.notes.set("cooldown.fair_use", text);
      expect((await kept.restart()).engine.status.limit).toBeNull();
    }
  });
});

test("uploads of two callers never overlap, and the second meets the pause that the first one began", async () => {
  let open = 0;
  let most = 0;
  const { engine, log, clock } = stage(async (asked) => {
    open += 1;
    most = Math.max(most, open);
    await Promise.resolve();
    open -= 1;
    return friendly(asked);
  });
  for (let i = 0; i < 20; i++) log.add(`r${i}`, { sessionId: String(i) });
  engine.start();
  engine.syncNow();
  engine.wake("connectivity_restored");
  await clock.advance(SECOND);
  expect(most).toBe(1);
});
