/**
 * What the commands promise about recordings, as real processes against a gateway that follows a script: nothing is lost by a
 * kill, a pause costs no request, commands run side by side, and what was recorded without a server goes when there is one.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { waitFor } from "@holdfast/testkit";
import { type ScriptedGateway, type ScriptedGatewayOptions, startScriptedGateway } from "@holdfast/testkit/gateway";
import { afterEach, describe, expect, test } from "vitest";
import { cleanUp, holdfast, type Launched, launchHoldfast, temporaryFolder, toneFile } from "./client/run-holdfast.ts";

afterEach(cleanUp);

const WORDS = "ask not what your country can do";

interface Stage {
  readonly gateway: ScriptedGateway;
  readonly at: readonly string[];
  /** One log of recordings for all commands. */
  readonly env: Record<string, string>;
}

async function onStage(options: ScriptedGatewayOptions, work: (stage: Stage) => Promise<void>): Promise<void> {
  await using gateway = await startScriptedGateway({ words: WORDS, ...options });
  const at = ["--server", gateway.url, "--token", gateway.token];
  await work({ gateway, at, env: { HOLDFAST_LOG: temporaryFolder() } });
}

let contents = 0;

/** A recording that no other test has. */
function recordingFile(folder = temporaryFolder()): string {
  contents += 1;
  const path = join(folder, `audio_test_opus_fs320_16000_1_fs320_${1_756_000_000 + contents}.bin`);
  writeFileSync(path, new Uint8Array([4, 0, 0, 0, 1, 2, contents % 256, contents >> 8]));
  return path;
}

const posts = ({ rest }: ScriptedGateway): number => rest.requests.filter((one) => one.startsWith("POST /v")).length;

/** A tone as raw samples. */
function tone(ms: number): Buffer {
  const bytes = Buffer.alloc(32 * ms);
  for (let i = 0; i < 16 * ms; i++) bytes.writeInt16LE(Math.round(9_000 * Math.sin(i / 8)), i * 2);
  return bytes;
}

/** Speaks into a pipe at the pace of sound. */
async function speak(command: Launched, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 100) {
    command.stdin.write(tone(100));
    await pause(100);
  }
}

describe("upload", () => {
  test("killed with -9 at any moment and run again, it ends with one conversation and sends nothing as a new job", async () => {
    await onStage({ pollsBeforeDone: 2 }, async ({ gateway, at }) => {
      const round = async (killAfterMs: number): Promise<void> => {
        const env = { HOLDFAST_LOG: temporaryFolder() };
        const file = recordingFile();
        const content = new Uint8Array(readFileSync(file));
        const command = ["upload", file, "--wait", ...at];
        const first = launchHoldfast(command, env);
        await pause(killAfterMs);
        first.kill("SIGKILL");
        const dead = await first.ended();
        const again = await holdfast([...command, "--json"], env);
        const where = `killed after ${killAfterMs} ms\n${dead.stdout}\n${again.stderr}`;
        expect(again.exit, where).toBe(0);
        const result = again.documents().at(-1) as { conversation_ids: string[] };
        const sent = gateway.rest.uploads.filter(({ files }) => `${files[0]?.content}` === `${content}`);
        const jobs = [...gateway.rest.jobs.values()].filter((job) => job.conversationId === result.conversation_ids[0]);
        expect([result.conversation_ids.length, jobs.length], where).toEqual([1, 1]);
        // What the log knew to be at the server was never sent again.
        if (dead.stdout.includes("the server has it")) expect(sent, where).toHaveLength(1);
      };
      const moments = Array.from({ length: 6 }, (_, i) => 150 + Math.round(250 * (i + Math.random())));
      for (let i = 0; i < moments.length; i += 3) await Promise.all(moments.slice(i, i + 3).map(round));
      expect([gateway.rest.jobs.size, gateway.rest.conversations.size]).toEqual([6, 6]);
    });
  });

  test.each([
    [429, "fair_use", "this account has used its share"],
    [503, "backfill_capacity", "the server has no room"],
  ])(
    "%i %s: no request during the pause, its reason is said, and it goes on by itself",
    async (status, limit, words) => {
      await onStage({}, async ({ gateway, at, env }) => {
        const headers = { "retry-after": "3", "x-omi-rate-limit-reason": limit };
        gateway.refuse({ method: "POST", path: /sync/, status, headers, times: 1 });
        const ran = await holdfast(["upload", recordingFile(), "--wait", ...at], env);
        expect(ran.exit).toBe(0);
        expect(ran.stdout).toMatch(/paused until \d\d:\d\d:\d\d: /);
        expect(ran.stdout).toContain(words);
        const { requests, requestedAtMs } = gateway.rest;
        const refused = requests.findIndex((one) => one.startsWith("POST"));
        const next = (requestedAtMs[refused + 1] ?? 0) - (requestedAtMs[refused] ?? 0);
        expect(next).toBeGreaterThanOrEqual(2_990);
        expect(posts(gateway)).toBe(2);
      });
    },
  );

  test("without a server it is kept, whoever asks, and goes when there is one", async () => {
    await onStage({}, async ({ gateway, at, env }) => {
      await gateway.goAway();
      const file = recordingFile();
      const offline = await holdfast(["upload", file, ...at, "--timeout", "1"], env);
      expect(offline.exit).toBe(3);
      expect(offline.stdout).toContain("1 recording not done yet, kept in ");
      const shown = await holdfast(["status", ...at], env);
      expect(shown.exit).toBe(3);
      expect(shown.stdout).toContain("waits to be sent");
      await gateway.comeBack();
      const online = await holdfast(["sync", "--once", ...at], env);
      expect([online.exit, online.stderr]).toEqual([0, ""]);
      expect(gateway.rest.uploads.map(({ files }) => files[0]?.content)).toEqual([new Uint8Array(readFileSync(file))]);
      // It is this account's now, and the same file is nothing new.
      const again = await holdfast(["upload", file, "--wait", ...at], env);
      expect([again.exit, gateway.rest.uploads.length]).toEqual([0, 1]);
    });
  });

  test("the token is nowhere in the log, and whose it is can be read by nobody else", async () => {
    await onStage({}, async ({ at, env, gateway }) => {
      expect((await holdfast(["upload", recordingFile(), ...at], env)).exit).toBe(0);
      const files = filesBelow(env.HOLDFAST_LOG ?? "");
      const accounts = files.filter((path) => path.includes("account-of-"));
      expect(accounts.map((path) => [readFileSync(path, "utf8"), statSync(path).mode & 0o777])).toEqual([
        ["owner\n", 0o600],
      ]);
      for (const path of files) expect(`${path}\n${readFileSync(path, "latin1")}`).not.toContain(gateway.token);
    });
  });
});

describe("sync", () => {
  test("takes a folder with what is below it, once, and changes nothing in it", async () => {
    await onStage({}, async ({ gateway, at, env }) => {
      const folder = temporaryFolder();
      await mkdir(join(folder, "old"));
      const files = [recordingFile(folder), recordingFile(join(folder, "old"))];
      writeFileSync(join(folder, "talk.wav"), readFileSync(toneFile(200)));
      writeFileSync(join(folder, "notes.txt"), "not sound");
      writeFileSync(join(folder, ".half.bin"), "half");
      const before = filesBelow(folder).map((path) => [path, readFileSync(path).toString("hex")]);
      expect((await holdfast(["sync", folder, "--once", ...at], env)).exit).toBe(0);
      const sent = gateway.rest.uploads.flatMap((upload) => upload.files.map(({ name }) => name)).sort();
      expect(sent).toEqual([...files.map((path) => path.split("/").at(-1)), "talk.wav"].sort());
      const asked = posts(gateway);
      const again = await holdfast(["sync", folder, "--once", ...at, "--json"], env);
      expect([again.exit, posts(gateway)]).toEqual([0, asked]);
      expect(again.documents().filter(({ type, is_new }) => type === "taken" && is_new === false)).toHaveLength(3);
      expect(filesBelow(folder).map((path) => [path, readFileSync(path).toString("hex")])).toEqual(before);
    });
  });

  test("--once says what it could not take", async () => {
    await onStage({}, async ({ at, env }) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, "wrong_name.bin"), "x");
      const ran = await holdfast(["sync", folder, "--once", ...at], env);
      expect([ran.exit, ran.stdout]).toEqual([5, expect.stringContaining("not taken: ")]);
    });
  });

  test("watches until Ctrl-C, and waits while a file grows", async () => {
    await onStage({}, async ({ gateway, at, env }) => {
      const folder = temporaryFolder();
      const command = launchHoldfast(["sync", folder, ...at], env);
      const path = join(folder, "audio_test_opus_fs320_16000_1_fs320_1757000000.bin");
      const content = Uint8Array.from([2, 0, 0, 0, 8, 9, 2, 0, 0, 0, 10, 11]);
      // One of two frames: a recording that could be taken, too.
      writeFileSync(path, content.subarray(0, 6));
      await pause(1_500);
      writeFileSync(path, content);
      await waitFor("the file at the server", () => gateway.rest.conversations.size === 1);
      expect(gateway.rest.uploads.map(({ files }) => files[0]?.content)).toEqual([content]);
      command.kill("SIGINT");
      expect((await command.ended()).exit).toBe(0);
    });
  });
});

describe("record", () => {
  test("a server that dies and begins anew in the middle has every message and every word once", async () => {
    await onStage({}, async ({ gateway, at, env }) => {
      const command = launchHoldfast(["record", "--stdin", ...at], env);
      await speak(command, 1_000);
      await waitFor("the first acknowledgement", () => held(gateway) > 0);
      await gateway.goAway();
      await speak(command, 800);
      await gateway.comeBack();
      await speak(command, 800);
      command.stdin.end();
      const ran = await command.ended();
      expect([ran.exit, ran.stderr]).toEqual([0, ""]);
      expect(ran.stdout).toMatch(/connection lost .* kept here[\s\S]*connected again/);
      expect([held(gateway), gateway.live.ledger.faults]).toEqual([130, []]);
      expect(ran.stdout.match(new RegExp(`“${WORDS}”`, "g"))).toHaveLength(1);
      expect(gateway.rest.uploads).toEqual([]);
    });
  });

  test("Ctrl-C ends it in order, also beside another command; a log in use is named", async () => {
    await onStage({}, async ({ gateway, at, env }) => {
      const command = launchHoldfast(["record", "--stdin", ...at], env);
      await speak(command, 600);
      await waitFor("sound at the server", () => held(gateway) >= 20);
      const beside = await holdfast(["upload", recordingFile(), "--wait", ...at], env);
      expect([beside.exit, gateway.rest.uploads.length]).toEqual([0, 1]);
      const shown = await holdfast(["status", ...at], env);
      expect(shown.stdout).toContain(`log-1 is open in process ${command.pid}`);
      command.kill("SIGINT");
      const ran = await command.ended();
      expect(ran.exit, ran.stderr).toBe(0);
      expect(ran.stdout).toContain("A title");
      expect(held(gateway)).toBe(30);
    });
  });

  test("a second Ctrl-C leaves at once, and the next command sends what is left", async () => {
    await onStage({}, async ({ gateway, at, env }) => {
      // The account is known from before.
      expect((await holdfast(["sync", "--once", ...at], env)).exit).toBe(0);
      await gateway.goAway();
      const command = launchHoldfast(["record", "--stdin", ...at], env);
      await speak(command, 1_000);
      command.kill("SIGINT");
      await pause(700);
      command.kill("SIGINT");
      const left = await command.ended();
      expect([left.exit, left.stderr]).toEqual([130, expect.stringContaining("everything is kept")]);
      await gateway.comeBack();
      const sent = await holdfast(["sync", "--once", ...at], env);
      expect(sent.exit, sent.stdout).toBe(0);
      const frames = gateway.rest.uploads.flatMap(({ files }) => files.map(({ content }) => framesIn(content)));
      expect(frames.reduce((sum, count) => sum + count, 0)).toBe(50);
    });
  });

  test("the microphone is whatever recorder is installed, and without one it is said what to install", async () => {
    await onStage({}, async ({ gateway, at, env }) => {
      const folder = temporaryFolder();
      const none = await holdfast(["record", ...at], { ...env, PATH: folder });
      expect([none.exit, none.stderr]).toEqual([2, expect.stringContaining("alsa-utils (arecord)")]);
      writeFileSync(join(folder, "sound"), tone(500));
      writeFileSync(join(folder, "arecord"), `#!/bin/sh\n/bin/cat ${folder}/sound\nexec /bin/sleep 60\n`, {
        mode: 0o755,
      });
      const command = launchHoldfast(["record", ...at], { ...env, PATH: folder });
      await waitFor("sound at the server", () => held(gateway) === 25);
      command.kill("SIGINT");
      const ran = await command.ended();
      expect([ran.exit, ran.stdout]).toEqual([0, expect.stringContaining("recording from arecord")]);
      writeFileSync(join(folder, "arecord"), "#!/bin/sh\necho no such device >&2\nexit 1\n", { mode: 0o755 });
      const broken = await holdfast(["record", ...at], { ...env, PATH: folder });
      expect([broken.exit, broken.stdout]).toEqual([1, expect.stringContaining("arecord ended: no such device")]);
    });
  });
});

describe("status", () => {
  test("says why each recording waits, and asks again for what was refused", async () => {
    await onStage({}, async ({ gateway, at, env }) => {
      gateway.refuse({ method: "POST", path: /sync/, status: 400, body: { code: "no_reason" }, times: 1 });
      const file = recordingFile();
      expect((await holdfast(["upload", file, ...at], env)).exit).toBe(5);
      const shown = await holdfast(["status", ...at], env);
      expect(shown.exit).toBe(0);
      expect(shown.stdout).toMatch(
        /1 in need of you[\s\S]*\.bin: was refused by the server \(no reason\); ask for another try/,
      );
      const id = /^ {2}([0-9a-f]{12}) /m.exec(shown.stdout)?.[1] ?? "none";
      expect((await holdfast(["status", "retry", "nonsense", ...at], env)).exit).toBe(2);
      expect((await holdfast(["status", "retry", id, ...at], env)).exit).toBe(0);
      expect(gateway.rest.uploads).toHaveLength(1);
      const documents = (await holdfast(["status", "--json", ...at], env)).documents();
      expect(documents).toMatchObject([
        { log: { counts: { uploaded: 1, attention: 0 }, recordings: [{ next: "asks_server" }] } },
      ]);
    });
  });

  test("shows twenty and how many more", async () => {
    await onStage({}, async ({ gateway, at, env }) => {
      gateway.refuse({ method: "POST", path: /sync/, status: 400, times: 99 });
      const folder = temporaryFolder();
      const files = Array.from({ length: 23 }, () => recordingFile(folder));
      expect((await holdfast(["upload", ...files, ...at], env)).exit).toBe(5);
      const shown = await holdfast(["status", ...at], env);
      expect(shown.stdout.match(/\.bin: was refused/g)).toHaveLength(20);
      expect(shown.stdout).toContain("and 3 more");
      const all = await holdfast(["status", "--recordings", ...at], env);
      expect(all.stdout.match(/\.bin: was refused/g)).toHaveLength(23);
    });
  });
});

const held = ({ live }: ScriptedGateway): number => [...live.ledger.durable.values()].flat().length;

function framesIn(content: Uint8Array): number {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  let frames = 0;
  for (let at = 0; at < content.length; at += 4 + view.getUint32(at, true)) frames += 1;
  return frames;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
