/**
 * Multipart bodies that nobody would send on purpose: cut, mixed up, with bytes changed, in pieces of any size. Whatever comes,
 * there is an answer that is not a 500 (or the connection ends), the process lives, and a file on disk belongs to a job.
 */
import { connect } from "node:net";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { BOUNDARY, MULTIPART_TYPE, multipartBody, recording } from "./support/multipart.ts";
import { eventually } from "./support/wait.ts";

let server: TestServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server);
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const ANSWER_MS = 10_000;
const HOUR = 3_600_000;

interface Attempt {
  readonly body: Buffer;
  readonly type: string;
  /** What the head promises; in chunks where it promises nothing. */
  readonly length: number | undefined;
  readonly pieces: number;
}

/** The status, or undefined where the connection ended without one. */
function send({ body, type, length, pieces }: Attempt): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(gateway.port, "127.0.0.1");
    let answer = "";
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to ${JSON.stringify(body.toString("latin1")).slice(0, 400)}`));
    }, ANSWER_MS);
    const end = (): void => {
      clearTimeout(timer);
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
      resolve(status === undefined ? undefined : Number(status));
    };
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", end);
    const framing = length === undefined ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`;
    const head = [
      "POST /v2/sync-local-files HTTP/1.1",
      "Host: test",
      "Connection: close",
      `Authorization: Bearer ${gateway.alice}`,
      `Content-Type: ${type}`,
      framing,
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
    const step = Math.max(1, Math.ceil(body.length / pieces));
    for (let at = 0; at < body.length; at += step) {
      const piece = body.subarray(at, at + step);
      if (length === undefined) socket.write(`${piece.length.toString(16)}\r\n`);
      socket.write(piece);
      if (length === undefined) socket.write("\r\n");
    }
    if (length === undefined) socket.write("0\r\n\r\n");
    // Who promised more goes away; who did not waits for the answer.
    if (length !== undefined && length > body.length) socket.end();
  });
}

const good = multipartBody([recording(HOUR, "first"), recording(2 * HOUR, "second"), recording(9 * HOUR, "third")]);

/** Pieces of grammar in any order. */
const grammar = fc
  .array(
    fc.constantFrom(
      `--${BOUNDARY}\r\n`,
      `--${BOUNDARY}--\r\n`,
      `--${BOUNDARY}`,
      'Content-Disposition: form-data; name="files"; filename="audio_x_1756000000.bin"\r\n',
      `Content-Disposition: form-data; name="files"; filename="${recording(HOUR).fileName}"\r\n`,
      'Content-Disposition: form-data; name="files"\r\n',
      "Content-Disposition: form-data; name*=utf-8''files; filename*=utf-8''%00.bin\r\n",
      "Content-Transfer-Encoding: base64\r\n",
      `X: ${"y".repeat(17_000)}\r\n`,
      ": \r\n",
      "\r\n",
      "\r\n\r\n",
      "\0\xff\x80",
      "payload",
    ),
    { maxLength: 14 },
  )
  .map((parts) => Buffer.from(parts.join(""), "latin1"));

/** The good body with some bytes changed, removed or doubled. */
const mutated = fc
  .array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 40 }), fc.uint8Array({ maxLength: 12 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((edits) =>
    edits.reduce(
      (body, [at, removed, added]) => Buffer.concat([body.subarray(0, at), added, body.subarray(at + removed)]),
      good,
    ),
  );

const type = fc.constantFrom(
  MULTIPART_TYPE,
  MULTIPART_TYPE,
  MULTIPART_TYPE,
  "multipart/form-data",
  "multipart/form-data; boundary=",
  `multipart/form-data; boundary="${BOUNDARY}`,
  `multipart/mixed; boundary=${BOUNDARY}`,
  "text/plain",
);

const attempt: fc.Arbitrary<Attempt> = fc
  .record({
    body: fc.oneof(
      grammar,
      mutated,
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    ),
    type,
    promise: fc.constantFrom("exact", "exact", "chunked", "more"),
    pieces: fc.integer({ min: 1, max: 30 }),
  })
  .map(({ body, type, promise, pieces }) => ({
    body,
    type,
    pieces,
    length: promise === "chunked" ? undefined : body.length + (promise === "more" ? 100 : 0),
  }));

it("are answered or dropped, and leave no file that is not a job's", async () => {
  const seen = new Map<number | undefined, number>();
  await fc.assert(
    fc.asyncProperty(attempt, async (sent) => {
      const status = await send(sent);
      seen.set(status, (seen.get(status) ?? 0) + 1);
      expect([undefined, 202, 400, 413, 415, 422]).toContain(status);
    }),
    { numRuns: 800, interruptAfterTimeLimit: 15_000, endOnFailure: true },
  );
  expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
  // Clients that ended early are noticed a moment later.
  await eventually("files that are all of a job", async () => {
    const rows = await gateway.db.selectFrom("upload_files").select("blob_key").execute();
    // A folder may go while it is looked into.
    const files = await gateway.leftovers().catch(() => []);
    return files.length === rows.length && rows.every((row) => files.some((path) => path.endsWith(row.blob_key)));
  });
  expect([...seen.keys()]).toEqual(expect.arrayContaining([202, 422]));
  expect(
    (
      await gateway.ask("/v2/sync-local-files", {
        method: "POST",
        headers: { "content-type": MULTIPART_TYPE },
        body: new Uint8Array(good),
      })
    ).status,
  ).toBe(202);
});
