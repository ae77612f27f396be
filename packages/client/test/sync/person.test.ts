/** What a person does and sees: ask, cancel, delete, go offline, look away, sign in again. */
import { describe, expect, test } from "vitest";
import { SyncEngine } from "../../src/sync/engine.ts";
import { fixedRandom } from "../manual-clock.ts";
import { accepted, completed, job, limited } from "./scripted-server.ts";
import { HOUR, MINUTE, SECOND, stage } from "./stage.ts";

const queued = ({ method }: { readonly method: string }): ReturnType<typeof accepted> =>
  method === "POST" ? accepted("job-1") : job("queued");

describe("a person", () => {
  test("asks for what gave up; it begins with fresh attempts", async () => {
    const { engine, log, clock, server } = stage(queued);
    log.add("a", { attempts: 3, reason: "stt_failed" });
    engine.start();
    await clock.advance(HOUR);
    expect(server.uploads).toHaveLength(0);
    expect(engine.status.card).toMatchObject({ state: "attention", button: "sync" });
    expect(engine.explain("a")).toEqual({ state: "failed", why: "stt_failed", next: "person_retries", atMs: null });
    await engine.retry(["a", "unknown"]);
    await clock.advance(0);
    expect(log.get("a")).toMatchObject({ status: "uploaded", attempts: 0 });
  });

  test("sends by hand where syncing by itself is off", async () => {
    const { engine, log, clock, server } = stage(queued, { automatic: false });
    log.add("a");
    engine.start();
    engine.wake("recording_sealed");
    await clock.advance(HOUR);
    expect(server.asked).toHaveLength(0);
    expect(engine.status.card).toMatchObject({ state: "ready", button: "sync" });
    expect(engine.explain("a")?.next).toBe("sends_when_asked");
    engine.syncNow();
    await clock.advance(0);
    expect(server.uploads).toHaveLength(1);
    log.add("b");
    engine.automatic = true;
    await clock.advance(0);
    expect(server.uploads).toHaveLength(2);
  });

  test("cancels between and within uploads: what was taken stays taken, the rest waits whole", async () => {
    const { engine, log, clock, server } = stage(({ method }) => {
      if (method === "POST" && server.uploads.length === 2) engine.cancel();
      return method === "POST" ? accepted(`job-${server.uploads.length}`) : job("queued");
    });
    for (const id of ["a", "b", "c"]) log.add(id, { sessionId: id });
    engine.start();
    await clock.advance(0);
    expect(["c", "b", "a"].map((id) => log.get(id).status)).toEqual(["uploaded", "miss", "miss"]);
    expect(log.get("b").attempts).toBe(0);
    expect(engine.status).toMatchObject({ progress: null, card: { state: "processing" } });
    expect(engine.sending.size).toBe(0);
    expect(engine.explain("b")).toMatchObject({ next: "tries_again", atMs: clock.now() + 5 * MINUTE });
    engine.syncNow();
    await clock.advance(0);
    expect(engine.status.counts.uploaded).toBe(3);
  });

  test("who cancelled and forgot loses nothing: the rest goes by itself after a while", async () => {
    const { engine, log, clock, server } = stage(({ method }) => {
      if (method === "POST" && server.uploads.length === 1) engine.cancel();
      return method === "POST" ? accepted(`job-${server.uploads.length}`) : job("queued");
    });
    for (const id of ["a", "b"]) log.add(id, { sessionId: id });
    engine.start();
    await clock.advance(4 * MINUTE);
    expect(log.get("a").status).toBe("miss");
    await clock.advance(2 * MINUTE);
    expect(log.get("a")).toMatchObject({ status: "uploaded", attempts: 0 });
  });

  test("cancels the wait for a network: it is said no more, and what waits still goes when the network is back", async () => {
    const { engine, log, clock, server, window } = stage(queued);
    window.set({ online: false });
    log.add("a");
    engine.start();
    await clock.advance(0);
    expect(engine.status.card).toMatchObject({ state: "waiting_internet", button: "cancel" });
    engine.cancel();
    expect(engine.status.card).toMatchObject({ state: "ready", button: "sync", spinner: false });
    engine.syncNow();
    await clock.advance(0);
    expect(engine.status.card.state).toBe("waiting_internet");
    engine.cancel();
    expect(server.asked).toHaveLength(0);
    window.set({ online: true });
    await clock.advance(0);
    expect(log.get("a").status).toBe("uploaded");
    log.add("b");
    window.set({ online: false });
    expect(engine.status.card.state).toBe("waiting_internet");
  });

  test("deletes what waits, and not what is being sent", async () => {
    let release: () => void = () => {};
    const { engine, log, clock } = stage(async ({ method }) => {
      if (method !== "POST") return job("queued");
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return accepted("job-1");
    });
    log.add("old", { sessionId: "other", startedAtMs: 1_780_000_000_000 });
    log.add("new");
    engine.start();
    await clock.advance(0);
    expect(engine.explain("new")?.next).toBe("sends_now");
    expect(engine.status).toMatchObject({
      phase: "uploading",
      card: { state: "uploading", button: "cancel", spinner: true },
      progress: { recordings: { done: 0, total: 2 }, bytes: { total: 200 } },
    });
    await engine.remove(["new", "old"]);
    expect([...log.recordings.keys()]).toEqual(["new"]);
    release();
    await clock.advance(0);
    expect(log.get("new").status).toBe("uploaded");
  });

  test("signs in again after a refusal that nothing else can end", async () => {
    let isSignedIn = false;
    const { engine, log, clock, server, named } = stage(({ method }) =>
      isSignedIn ? queued({ method }) : { status: 401, body: { code: "unauthorized" } },
    );
    log.add("a");
    engine.start();
    await clock.advance(HOUR);
    expect(server.asked).toHaveLength(1);
    expect(engine.status.signedOut).toBe("unauthorized");
    expect(engine.explain("a")).toMatchObject({ next: "sends_after_sign_in", why: "signed_out" });
    engine.wake("recording_sealed");
    await clock.advance(HOUR);
    expect(server.asked).toHaveLength(1);
    isSignedIn = true;
    engine.signedIn();
    await clock.advance(0);
    expect(log.get("a")).toMatchObject({ status: "uploaded", attempts: 0 });
    expect(named("signed_out")).toHaveLength(1);
  });
});

test("a sign-in that is asked for anew before every request is tried again by itself", async () => {
  let isSignedIn = false;
  const made = stage();
  const { log, clock, random } = { ...made, random: fixedRandom() };
  made.server.script = (asked) => (isSignedIn ? queued(asked) : { status: 401 });
  const http = { server: "http://server", token: () => "fresh", fetch: made.server.fetch, clock };
  const engine = new SyncEngine({ log, http, clock, random });
  log.add("a");
  engine.start();
  await clock.advance(4 * MINUTE);
  expect([made.server.asked.length, engine.status.signedOut]).toEqual([1, "http_401"]);
  isSignedIn = true;
  await clock.advance(2 * MINUTE);
  expect(log.get("a")).toMatchObject({ status: "uploaded", attempts: 0 });
  await engine.close();
});

describe("the machine", () => {
  test("without a network asks nothing; the moment it is back everything goes, also what gave up", async () => {
    const { engine, log, clock, server, window } = stage(queued);
    window.set({ online: false });
    log.add("a");
    log.add("tired", { attempts: 3, sessionId: "other" });
    log.add("dead", { status: "unsupported_audio" });
    engine.start();
    await clock.advance(HOUR);
    expect(server.asked).toHaveLength(0);
    expect(engine.status.card.state).toBe("waiting_internet");
    expect(engine.explain("a")).toMatchObject({ next: "sends_when_online", why: "offline" });
    window.set({ online: true });
    await clock.advance(0);
    expect(["a", "tired", "dead"].map((id) => [log.get(id).status, log.get(id).attempts])).toEqual([
      ["uploaded", 0],
      ["uploaded", 0],
      ["unsupported_audio", 0],
    ]);
  });

  test("that looks away keeps no timer, and what waited goes when it looks again", async () => {
    const { engine, log, clock, server, window } = stage(({ method }) =>
      method !== "POST" ? completed() : server.uploads.length < 3 ? { status: 500 } : accepted("job-1"),
    );
    log.add("a");
    engine.start();
    await clock.advance(0);
    window.set({ foreground: false });
    expect(clock.pending).toBe(0);
    await clock.advance(HOUR);
    expect(server.uploads).toHaveLength(1);
    window.set({ foreground: true });
    await clock.advance(MINUTE);
    expect(log.get("a").status).toBe("synced");
  });

  test("hears nothing more once it is closed", async () => {
    const { engine, log, clock, server, window } = stage(({ method }) =>
      method === "POST" ? limited(null, "60") : completed(),
    );
    log.add("a");
    engine.start();
    await clock.advance(0);
    await engine.close();
    await engine.close();
    engine.syncNow();
    window.set({ online: false });
    window.set({ online: true });
    await clock.advance(HOUR);
    expect(server.asked).toHaveLength(1);
    expect(clock.pending).toBe(0);
    expect(window.listeners).toBe(0);
  });

  test("asks nothing before it is started, and starts once", async () => {
    const { engine, log, clock, server } = stage(queued);
    log.add("a");
    engine.wake("recording_sealed");
    engine.syncNow();
    await clock.advance(HOUR);
    expect(server.asked).toHaveLength(0);
    engine.start();
    engine.start();
    await clock.advance(0);
    expect(server.uploads).toHaveLength(1);
  });

  test("a wake without a reason to hurry does not undercut a planned try", async () => {
    const { engine, log, clock, server } = stage(() => ({ status: 500 }));
    log.add("a");
    engine.start();
    await clock.advance(0);
    const planned = engine.status.nextPassAtMs ?? 0;
    expect(engine.explain("a")).toMatchObject({ next: "tries_again", why: "http_500", atMs: planned });
    for (let i = 0; i < 20; i++) engine.wake("recording_sealed");
    await clock.advance(planned - clock.now() - 1);
    expect(server.uploads).toHaveLength(1);
    await clock.advance(1);
    expect(server.uploads).toHaveLength(2);
  });

  test("five wakes during a pass cost one pass more", async () => {
    const { engine, log, clock, events } = stage(({ method }) => {
      if (method === "POST") for (let i = 0; i < 5; i++) engine.wake("device_connected");
      return method === "POST" ? accepted("job-1") : job("queued");
    });
    log.add("a");
    engine.start();
    await clock.advance(0);
    expect(events.filter(({ name }) => name === "pass_started").length).toBe(2);
  });
});

test("many that wait are told once, and again after there were fewer", async () => {
  const { engine, log, clock, window, named } = stage(queued);
  window.set({ online: false });
  for (let i = 0; i < 720; i++) log.add(`r${i}`);
  engine.start();
  await clock.advance(SECOND);
  engine.syncNow();
  await clock.advance(SECOND);
  expect(named("wal_admission_pressure")).toMatchObject([{ cap: 720, retained_count: 720 }]);
  log.recordings.delete("r0");
  engine.syncNow();
  await clock.advance(SECOND);
  log.add("r0");
  engine.syncNow();
  await clock.advance(SECOND);
  expect(named("wal_admission_pressure")).toHaveLength(2);
});

describe("confirmed copies", () => {
  test("go after the days that were set, never what only live sending freed, and at once when it is set", async () => {
    const { engine, log, clock, named } = stage(queued);
    const now = clock.now();
    const days = (n: number): number => now - n * 24 * HOUR;
    log.add("old", { status: "synced", syncedAtMs: days(8) });
    log.add("new", { status: "synced", syncedAtMs: days(6) });
    log.add("live", { status: "synced", syncedAtMs: 0 });
    log.add("waits", { startedAtMs: days(20) });
    engine.start();
    await clock.advance(SECOND);
    expect(log.recordings.size).toBe(4);
    await engine.setRetentionDays(7);
    expect([...log.recordings.keys()]).toEqual(["new", "live", "waits"]);
    expect(named("wal_synced_copy_autoremove")).toMatchObject([{ days: 7, removed: 1 }]);
    expect(engine.explain("new")).toMatchObject({ next: "copy_removed", atMs: days(-1) });
    expect(engine.explain("live")?.next).toBe("nothing");
    expect(engine.explain("gone")).toBeNull();
  });
});
