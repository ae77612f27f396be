/**
 * Resumable uploads (tus) that cannot progress: whoever stands between may not let them through, or may not say where they
 * stand. The recording then goes whole, it is sent over and over by nobody, and what is behind it is not kept waiting.
 */
import { expect, test } from "vitest";
import { accepted, completed } from "../sync/scripted-server.ts";
import { HOUR, MINUTE, stage } from "../sync/stage.ts";
import { MADE, MIB, TUS, tus } from "./trouble.ts";

const WAYS = [
  { how: "is not found after it was made", head: { status: 404 }, patch: { status: 404, body: {} } },
  { how: "never says how far it came", head: { status: 200 }, patch: { status: 204 } },
];

for (const { how, head, patch } of WAYS) {
  test(`an upload that ${how} goes whole, and what is behind it goes too`, async () => {
    const { log, engine, clock } = stage(
      tus(({ method }) => {
        if (method === "PATCH") return patch;
        if (method === "HEAD") return head;
        return method === "POST" ? accepted("j") : completed();
      }),
    );
    log.add("big", { bytes: 2 * MIB, startedAtMs: 9_000_000, sessionId: "b" });
    log.add("old", { sessionId: "c", startedAtMs: 1_000 });
    engine.start();
    for (let i = 0; i < 24 * 60; i++) await clock.advance(MINUTE);
    await engine.close();
    expect([log.get("old").status, log.get("big").status]).toEqual(["synced", "synced"]);
  });
}

test("a server that takes every byte and names no job does not get them again and again", async () => {
  let offset = 0;
  let sent = 0;
  const { log, engine, clock } = stage((asked) => {
    if (asked.headers["upload-length"] !== undefined) offset = 0;
    return tus(({ method, bytes }) => {
      if (method !== "PATCH") return method === "POST" ? accepted("j") : completed();
      offset += bytes;
      sent += bytes;
      return { status: 204, headers: { "upload-offset": String(offset) } };
    })(asked);
  });
  log.add("big", { bytes: 2 * MIB });
  engine.start();
  await clock.advance(24 * HOUR);
  await engine.close();
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThanOrEqual(8 * MIB);
});

test("a refusal without words does not reject a recording for good", async () => {
  const { log, engine, server, clock } = stage(
    tus(({ method }) => {
      if (method === "PATCH") return undefined;
      return method === "HEAD" ? { status: 403 } : accepted("j");
    }),
  );
  log.add("big", { bytes: 2 * MIB });
  engine.start();
  await clock.advance(MINUTE);
  await engine.close();
  expect(server.asked.some(({ method }) => method === "HEAD")).toBe(true);
  expect(log.get("big").status).toBe("miss");
});

test("a server that is busy when it is asked for tus is asked again", async () => {
  const busy = { status: 503, headers: { "x-omi-rate-limit-reason": "backfill_capacity", "retry-after": "600" } };
  let questions = 0;
  const { log, engine, server, clock } = stage(({ method, headers }) => {
    if (method === "OPTIONS") {
      questions += 1;
      return questions === 1 ? busy : TUS;
    }
    if (headers["upload-length"] !== undefined) return MADE;
    if (method === "PATCH") return { status: 204, headers: { "upload-offset": String(2 * MIB), "holdfast-job": "j" } };
    return method === "POST" ? accepted("j") : completed();
  });
  log.add("first", { bytes: 2 * MIB });
  engine.start();
  await clock.advance(MINUTE);
  log.add("second", { bytes: 2 * MIB });
  engine.syncNow();
  await clock.advance(HOUR);
  await engine.close();
  expect(server.uploads.filter(({ bytes }) => bytes > MIB)).toEqual([]);
  expect(server.asked.some(({ method }) => method === "PATCH")).toBe(true);
});
