/** What happens to dropped files: one at a time, waits are shown and end by themselves, only refusals end an upload. */
import { HoldfastError, type SyncAccepted, type SyncJobView } from "@holdfast/contract";
import type { Clock, Random } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { Uploads, type UploadsDeps } from "./uploads.ts";

const random: Random = { next: () => 0.5, uuid: () => "id" };

/** Time that passes only when told to. */
class HandClock implements Clock {
  #now = 0;
  #timers: { at: number; call: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, call };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((known) => known !== timer);
      },
    };
  }

  every(): never {
    throw new Error("not used");
  }

  pass(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { call } of due) call();
  }
}

const ACCEPTED: SyncAccepted = {
  job_id: "j",
  status: "queued",
  total_files: 1,
  total_segments: 0,
  poll_after_ms: 1_000,
  lane: "fresh",
};

function job(status: SyncJobView["status"], more: Partial<SyncJobView> = {}): SyncJobView {
  return {
    job_id: "j",
    status,
    total_segments: 2,
    processed_segments: 1,
    successful_segments: 1,
    failed_segments: 0,
    lane: "fresh",
    ...more,
  };
}

const RESULT = { new_memories: ["c1"], updated_memories: [], failed_segments: 0, total_segments: 2, errors: [] };

function stage(answers: readonly (SyncAccepted | Error)[], jobs: readonly SyncJobView[]) {
  const clock = new HandClock();
  const posted: string[] = [];
  const answering = [...answers];
  const following = [...jobs];
  let told = 0;
  const post = (route: string): UploadsDeps["api"]["uploadSound"] => {
    return async (file, options) => {
      posted.push(`${route} ${file.name}`);
      options?.onProgress?.({ sentBytes: 5, totalBytes: 10 });
      const answer = answering.shift() ?? ACCEPTED;
      if (answer instanceof Error) throw answer;
      return answer;
    };
  };
  const uploads = new Uploads({
    clock,
    random,
    onConversations: () => {
      told += 1;
    },
    api: {
      uploadSound: post("sound"),
      uploadRecordings: async (files, options) => {
        const [file] = files;
        if (file === undefined) throw new Error("no file");
        return await post("recording")(file, options);
      },
      getJob: async () => ({ job: following.shift() ?? job("queued"), retryAfterMs: undefined }),
    },
  });
  const state = (): string => uploads.snapshot()[0]?.state.name ?? "none";
  const reach = async (wanted: string): Promise<void> => {
    await expect.poll(state, { interval: 1 }).toBe(wanted);
  };
  return { uploads, clock, posted, state, reach, told: () => told };
}

const file = (name: string): File => new File(["0123456789"], name);

describe("an upload", () => {
  it("goes from sending over working to its conversation", async () => {
    const { uploads, clock, reach, told } = stage(
      [ACCEPTED],
      [job("processing"), job("completed", { result: RESULT })],
    );
    uploads.add([file("talk.mp3")]);
    expect(uploads.unsent()).toBe(true);
    await reach("working");
    expect(uploads.unsent()).toBe(false);
    clock.pass(1_000);
    await expect
      .poll(() => uploads.snapshot()[0]?.state)
      .toMatchObject({ name: "working", job: { status: "processing" } });
    clock.pass(1_000);
    await reach("done");
    expect(uploads.snapshot()[0]?.state).toEqual({ name: "done", conversationIds: ["c1"] });
    expect(told()).toBe(1);
  });

  it("of a device recording takes its own route", async () => {
    const { uploads, posted, reach } = stage([ACCEPTED], []);
    uploads.add([file("recording_fs320_1700000000.bin")]);
    await reach("working");
    expect(posted).toEqual(["recording recording_fs320_1700000000.bin"]);
  });

  it("follows the file before it", async () => {
    const { uploads, posted } = stage([ACCEPTED, ACCEPTED], []);
    uploads.add([file("a.wav"), file("b.wav")]);
    await expect.poll(() => posted).toEqual(["sound a.wav", "sound b.wav"]);
  });
});

describe("a busy server", () => {
  const busy = new HoldfastError("busy", { code: "unavailable", class: "capacity", retryAfterMs: 12_000 });

  it("is waited for as long as it asks, and the wait is shown", async () => {
    const { uploads, clock, posted, reach } = stage([busy, ACCEPTED], []);
    uploads.add([file("a.wav")]);
    await reach("waiting");
    expect(uploads.snapshot()[0]?.state).toEqual({ name: "waiting", untilMs: 12_000, reason: "The server is busy" });
    clock.pass(11_999);
    expect(posted).toHaveLength(1);
    clock.pass(1);
    await reach("working");
    expect(posted).toHaveLength(2);
  });
});

describe("a refusal", () => {
  it.each([
    ["unsupported_audio", /not a sound file/],
    ["payload_too_large", /larger than 200 MB/],
    ["odd_reason", /refused this file: because/],
  ])("%s is told in words and not tried again by itself", async (code, words) => {
    const refused = new HoldfastError("because", { code, class: "permanent_input" });
    const { uploads, posted, reach } = stage([refused], []);
    uploads.add([file("a.txt")]);
    await reach("failed");
    expect(uploads.snapshot()[0]?.state).toMatchObject({ reason: expect.stringMatching(words) });
    expect(posted).toHaveLength(1);
  });

  it("can be tried again by hand, and taken off the page", async () => {
    const refused = new HoldfastError("no", { code: "x", class: "permanent_input" });
    const { uploads, reach } = stage([refused, ACCEPTED], []);
    uploads.add([file("a.wav")]);
    await reach("failed");
    const id = uploads.snapshot()[0]?.id ?? 0;
    uploads.retry(id);
    await reach("working");
    uploads.dismiss(id);
    expect(uploads.snapshot()).toEqual([]);
  });
});

it("a job that failed says why, in words", async () => {
  const errors = ["sync_invalid_audio"];
  const { uploads, clock, reach } = stage(
    [ACCEPTED],
    [job("failed", { result: { ...RESULT, new_memories: [], errors } })],
  );
  uploads.add([file("a.wav")]);
  await reach("working");
  clock.pass(1_000);
  await reach("failed");
  expect(uploads.snapshot()[0]?.state).toEqual({
    name: "failed",
    reason: "Nothing in this file could be read as sound. It may be damaged.",
  });
});
