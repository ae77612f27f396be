/**
 * `stream`, `upload` and `status` as real processes against a gateway that follows a script: their outcomes, their output and
 * the exit code for each kind of failure.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ScriptedGatewayOptions, startScriptedGateway } from "@holdfast/testkit/gateway";
import { afterEach, describe, expect, test } from "vitest";
import { cleanUp, holdfast, type Ran, temporaryFolder, toneFile } from "./client/run-holdfast.ts";

afterEach(cleanUp);

const WORDS = "ask not what your country can do";
const RECORDING = "audio_test_opus_fs320_16000_1_fs320_1756000000.bin";

async function withGateway(
  options: ScriptedGatewayOptions,
  work: (gateway: Awaited<ReturnType<typeof startScriptedGateway>>, at: readonly string[]) => Promise<void>,
): Promise<void> {
  await using gateway = await startScriptedGateway({ words: WORDS, ...options });
  await work(gateway, ["--server", gateway.url, "--token", gateway.token]);
}

describe("stream", () => {
  test.each(["opus", "opus_fs320", "pcm16", "pcm8"])(
    "%s: every message arrives, words come, the conversation is printed",
    async (codec) => {
      await withGateway({}, async (gateway, at) => {
        const ran = await holdfast(["stream", toneFile(1_000), ...at, "--codec", codec, "--speed", "max"]);
        expect(ran.stderr).toBe("");
        expect(ran.exit).toBe(0);
        const [held] = [...gateway.live.ledger.durable.values()];
        expect(held).toHaveLength(codec === "opus" ? 100 : 50);
        expect(gateway.live.connections[0]?.query.get("codec")).toBe(codec);
        expect(ran.stdout).toContain("A title");
        expect(ran.stdout).toContain(WORDS);
      });
    },
  );

  test("keeps the pace of speech", async () => {
    await withGateway({}, async (_gateway, at) => {
      const startedMs = performance.now();
      expect((await holdfast(["stream", toneFile(2_000), ...at])).exit).toBe(0);
      expect(performance.now() - startedMs).toBeGreaterThan(1_950);
    });
  });

  test("cut off again and again, it holds every message once", async () => {
    await withGateway({ dropAfterMessages: [10, 11, 30, 49] }, async (gateway, at) => {
      const ran = await holdfast(["stream", toneFile(1_000), ...at, "--speed", "4", "--json"]);
      expect(ran.exit).toBe(0);
      expect(gateway.live.connections).toHaveLength(5);
      expect(gateway.live.ledger.faults).toEqual([]);
      expect([...gateway.live.ledger.durable.values()].map((held) => held.length)).toEqual([50]);
      const waits = ran.documents().filter((document) => document.status === "waiting");
      expect(waits).toHaveLength(4);
      expect(ran.documents().at(-1)).toMatchObject({ type: "result", conversation: { status: "completed" } });
    });
  });

  test("a server that restarts (503 on everything) is waited for", async () => {
    await withGateway({}, async (gateway, at) => {
      const refusal = { status: 503, headers: { "retry-after": "0" } };
      gateway.refuse({ method: "GET", path: /^\/v4\/listen$/, times: 2, ...refusal });
      gateway.refuse({ method: "POST", path: /finalize$/, times: 2, ...refusal });
      gateway.refuse({ method: "GET", path: /^\/v1\/conversations\/[^/]+$/, times: 2, ...refusal });
      const ran = await holdfast(["stream", toneFile(200), ...at, "--speed", "max"]);
      expect(ran.exit).toBe(0);
      expect(ran.stdout).toContain("connection lost");
      expect(ran.stdout).toContain("connected again");
    });
  });

  test("--no-stop leaves the conversation open", async () => {
    await withGateway({}, async (gateway, at) => {
      expect((await holdfast(["stream", toneFile(200), ...at, "--speed", "max", "--no-stop"])).exit).toBe(0);
      expect([...gateway.rest.conversations.values()].map((one) => one.status)).toEqual(["in_progress"]);
    });
  });

  test("with --json, standard output is JSON and nothing else", async () => {
    await withGateway({}, async (_gateway, at) => {
      const ran = await holdfast(["stream", toneFile(500), ...at, "--speed", "max", "--json"]);
      const types = ran.documents().map((document) => document.type);
      expect(types).toContain("audio_ack");
      expect(types).toContain("segments");
      expect(types.at(-1)).toBe("result");
      expect(ran.stderr).toContain("are safe at the server");
    });
  });
});

describe("upload", () => {
  function recordingFile(name = RECORDING, content = [1, 2, 3]): string {
    const path = join(temporaryFolder(), name);
    writeFileSync(path, new Uint8Array([content.length, 0, 0, 0, ...content]));
    return path;
  }

  const uploadsOf = (ran: Ran): unknown[] => ran.documents().filter(({ type }) => type === "upload");

  test(".bin files go together to Omi's route, sound to ours, and the conversations are printed", async () => {
    await withGateway({}, async (gateway, at) => {
      const second = RECORDING.replace("1756", "1757");
      const ran = await holdfast([
        "upload",
        recordingFile(),
        toneFile(300, "talk.wav"),
        recordingFile(second, [4, 5]),
        "--wait",
        ...at,
      ]);
      expect(ran.stderr).toBe("");
      expect(ran.exit).toBe(0);
      expect(gateway.rest.uploads.map(({ path, files }) => [path, files.map((file) => file.name)])).toEqual([
        // The newest goes first.
        ["/v1/uploads", ["talk.wav"]],
        ["/v2/sync-local-files", [RECORDING, second]],
      ]);
      expect(gateway.rest.uploads[1]?.files[0]?.content).toEqual(new Uint8Array([3, 0, 0, 0, 1, 2, 3]));
      expect(ran.stdout.match(/A title/g)).toHaveLength(2);
    });
  });

  test("without --wait it ends when the server has it", async () => {
    await withGateway({}, async (gateway, at) => {
      const ran = await holdfast(["upload", recordingFile(), ...at, "--json"]);
      expect(ran.exit).toBe(0);
      expect(uploadsOf(ran)).toMatchObject([{ type: "upload", files: [RECORDING], job: null }]);
      expect(gateway.rest.requests).toEqual(["GET /v1/users/me", "POST /v2/sync-local-files"]);
    });
  });

  test("a busy server is asked again when it said so", async () => {
    await withGateway({}, async (gateway, at) => {
      const retryAfter = { "retry-after": "1" };
      gateway.refuse({ method: "POST", path: /sync/, status: 429, headers: retryAfter, times: 1 });
      gateway.refuse({ method: "GET", path: /sync/, status: 503, headers: retryAfter, times: 1 });
      const startedMs = performance.now();
      const ran = await holdfast(["upload", recordingFile(), "--wait", ...at]);
      expect(ran.exit).toBe(0);
      expect(performance.now() - startedMs).toBeGreaterThan(3_000);
      expect(gateway.rest.uploads).toHaveLength(1);
    });
  });

  test.each([
    ["failed", 6],
    ["partial_failure", 6],
  ] as const)("a job that ends %s ends the command with %i", async (jobOutcome, exit) => {
    await withGateway({ jobOutcome }, async (_gateway, at) => {
      const ran = await holdfast(["upload", recordingFile(), "--wait", ...at, "--json"]);
      expect(ran.exit).toBe(exit);
      expect(uploadsOf(ran)[0]).toMatchObject({ type: "upload", job: { status: jobOutcome } });
    });
  });

  test("--timeout ends the waiting with 7", async () => {
    await withGateway({ pollsBeforeDone: 1e9 }, async (_gateway, at) => {
      const ran = await holdfast(["upload", recordingFile(), "--wait", "--timeout", "1", ...at]);
      expect(ran.exit).toBe(7);
      expect(ran.stderr).toContain("waiting was given up");
    });
  });

  test.each([
    ["a refused file", { status: 400, body: { detail: "invalid timestamp" } }, 5],
    ["a file that is too large", { status: 413, body: { detail: "too large" } }, 5],
    ["a refused token", { status: 401, body: { detail: "no" } }, 4],
    ["a server that stays busy", { status: 503, headers: { "retry-after": "3600" } }, 7],
  ])("%s ends with %j", async (_name, refusal, exit) => {
    await withGateway({}, async (gateway, at) => {
      gateway.refuse({ method: "POST", path: /sync/, times: 99, ...refusal });
      expect((await holdfast(["upload", recordingFile(), ...at])).exit).toBe(exit);
    });
  });
});

describe("the wrong thing", () => {
  const nowhere = ["--server", "http://127.0.0.1:9", "--token", "t"];

  test.each([
    ["no such command", ["nonsense"], 2],
    ["no file named", ["stream"], 2],
    ["an unknown option", ["status", "--nonsense"], 2],
    ["a file that is not there", ["stream", "missing.wav", ...nowhere], 2],
    ["a codec that nobody knows", ["stream", "package.json", "--codec", "mp7", ...nowhere], 2],
    ["a speed that is none", ["stream", "package.json", "--speed", "0", ...nowhere], 2],
    ["a time that is none", ["status", "--timeout", "soon", ...nowhere], 2],
    ["an address that is none", ["status", "--server", "ftp://x", "--token", "t"], 2],
    ["nobody at the address", ["status", ...nowhere], 3],
    ["a recording with a wrong name", ["upload", "wrong_name.bin", ...nowhere], 5],
  ])("%s", async (_name, args, exit) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "wrong_name.bin"), "x");
    const files = args.map((arg) =>
      arg === "wrong_name.bin" ? join(folder, arg) : arg === "package.json" ? toneFile(20) : arg,
    );
    const ran = await holdfast(files);
    expect(ran.exit).toBe(exit);
    expect(ran.stdout).toBe("");
    expect(ran.stderr).not.toBe("");
    expect(ran.stderr).not.toMatch(/\n\s+at /);
  });

  test("a refused token on the live route ends with 4, in JSON too", async () => {
    await withGateway({}, async (gateway) => {
      const ran = await holdfast(["stream", toneFile(100), "--server", gateway.url, "--token", "wrong", "--json"]);
      expect(ran.exit).toBe(4);
      expect(ran.documents().at(-1)).toMatchObject({ type: "error", class: "auth", exit_code: 4 });
    });
  });

  test("something that is not sound ends with 5", async () => {
    await withGateway({}, async (_gateway, at) => {
      const path = join(temporaryFolder(), "noise.wav");
      writeFileSync(path, "this is not sound");
      expect((await holdfast(["stream", path, ...at])).exit).toBe(5);
    });
  });
});

describe("where the server and the token come from", () => {
  test("the environment, and the token file of the data folder", async () => {
    await withGateway({}, async (gateway) => {
      const data = join(temporaryFolder(), "data");
      mkdirSync(data);
      writeFileSync(join(data, "owner.token"), `${gateway.token}\n`);
      const port = new URL(gateway.url).port;
      expect((await holdfast(["status"], { HOLDFAST_URL: gateway.url, HOLDFAST_TOKEN: gateway.token })).exit).toBe(0);
      expect((await holdfast(["status"], { HOLDFAST_URL: gateway.url, HOLDFAST_DATA: data })).exit).toBe(0);
      expect((await holdfast(["status", "--data", data, "--server", `127.0.0.1:${port}`])).exit).toBe(0);
      const without = await holdfast(["status", "--data", join(data, "nothing"), "--server", gateway.url]);
      expect(without.exit).toBe(4);
      expect(without.stderr).toContain("--token");
      const nothing = await holdfast(["status", "--data", join(data, "nothing"), "--server", "http://127.0.0.1:9"]);
      expect(nothing.exit).toBe(3);
      expect(nothing.stderr).toContain("(http://127.0.0.1:9). Is it running?");
    });
  });

  test("status is one JSON document", async () => {
    await withGateway({}, async (_gateway, at) => {
      const ran = await holdfast(["status", ...at, "--json"]);
      expect(ran.documents()).toMatchObject([{ readiness: { ok: true }, queue: { uploads: [] }, conversations: [] }]);
    });
  });

  test("--help of each command documents its exit codes", async () => {
    for (const command of ["record", "stream", "upload", "sync", "demo", "status"]) {
      const ran = await holdfast([command, "--help"]);
      expect(ran.exit).toBe(0);
      expect(ran.stdout).toContain("3 server not reachable");
    }
  });
});
