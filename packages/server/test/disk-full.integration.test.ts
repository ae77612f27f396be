/** A disk without room at every single call of the accept path: a clear answer, nothing left, and the next try succeeds. */
import { FailingDisk, startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { multipartRequest, recording, wav } from "./support/multipart.ts";

let server: TestServer;
let gateway: TestGateway;
const disk = new FailingDisk();
beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server, { files: disk.files });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const HOUR = 3_600_000;
const jobs = async () => (await gateway.db.selectFrom("jobs").select("id").execute()).length;

async function atEveryCall(attempt: (at: number) => Promise<Response>, filesOfOne: number): Promise<number> {
  let kept = (await gateway.leftovers()).length;
  for (let at = 1; ; at += 1) {
    const before = await jobs();
    disk.arm(at);
    const answer = await attempt(at);
    const failed = disk.calls >= at;
    disk.arm();
    const body: unknown = await answer.json();
    if (!failed) {
      expect(answer.status).toBe(202);
      return at - 1;
    }
    expect([answer.status, answer.headers.get("retry-after")], `call ${at}: ${JSON.stringify(body)}`).toEqual([
      503,
      "60",
    ]);
    expect([await jobs(), (await gateway.leftovers()).length]).toEqual([before, kept]);
    expect((await attempt(at)).status).toBe(202);
    kept += filesOfOne;
    expect([await jobs(), (await gateway.leftovers()).length]).toEqual([before + 1, kept]);
  }
}

it("recordings of a client", async () => {
  const calls = await atEveryCall(async (at) => {
    const parts = [recording(HOUR, `a ${at}`), recording(8 * HOUR, `b ${at}`)];
    const answer = await gateway.ask("/v2/sync-local-files", multipartRequest(parts));
    if (answer.status === 503) expect(answer.headers.get("x-omi-rate-limit-reason")).toBe("backfill_capacity");
    return answer;
  }, 2);
  expect(calls).toBeGreaterThanOrEqual(12);
});

it("sound files of a person", async () => {
  const calls = await atEveryCall(
    async (at) =>
      await gateway.ask("/v1/uploads", multipartRequest([{ field: "file", fileName: "a.wav", bytes: wav(at) }])),
    1,
  );
  expect(calls).toBeGreaterThanOrEqual(6);
});
