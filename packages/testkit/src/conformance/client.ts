/**
 * Does a client keep its promises to a server that is busy, forgetful or wrong, as far as one can see from outside? Each rule
 * gives it a server of its own, with recordings that wait, presses its button for a sync again and again, and looks at the
 * requests that come. All rules are checked at the same time, so a client is started several times.
 */
import { waitFor } from "../wait.ts";
import { freshRecording, type NamedBytes } from "./asked-server.ts";
import { CLIENT_LIVE_RULES } from "./client-live.ts";
import { type Answer, accepted, failedJob, ObservingServer, type Script } from "./observing-server.ts";
import { type ConformanceReport, checkRule, type Rule, reportOf, see } from "./rules.ts";

/** A client that has begun, with recordings that it has to bring to the server by itself. */
export interface ClientUnderTest {
  /** What a person does who presses "sync now". */
  syncNow(): void;
  /**
   * Takes one message of live sound: 20 ms of PCM, 16 bits at 16 kHz. The first begins a capture. A client without it does not
   * record live.
   */
  speak?(message: Uint8Array): void;
  close(): Promise<void>;
}

export interface ClientTask {
  readonly url: string;
  readonly token: string;
  /** `.bin` files. */
  readonly recordings: readonly NamedBytes[];
}

/** Starts the client, with a log of its own that is empty. */
export type StartClient = (task: ClientTask) => Promise<ClientUnderTest>;

export interface CheckClientOptions {
  /** How long something that a client should do by itself is waited for. Default 20 s. */
  readonly withinMs?: number;
}

export async function checkClient(
  name: string,
  start: StartClient,
  { withinMs = 20_000 }: CheckClientOptions = {},
): Promise<ConformanceReport> {
  const rules = [...CLIENT_RULES, ...CLIENT_LIVE_RULES];
  return reportOf(name, await Promise.all(rules.map((rule) => checkRule(rule, { start, withinMs }))));
}

export interface Subject {
  readonly start: StartClient;
  readonly withinMs: number;
}

const PAUSE_SECONDS = 2;
const NUDGE_MS = 150;
/** Long enough for a client that would do something wrong to do it. */
const LOOK_MS = 2_000;

interface Scene {
  readonly script: Script;
  readonly recordings?: number;
  /** A person presses again and again. */
  readonly isPressed: boolean;
  readonly see: (server: ObservingServer, uploads: (count: number) => Promise<unknown>) => Promise<void>;
}

async function play(
  { start, withinMs }: Subject,
  { script, recordings = 1, isPressed, see: look }: Scene,
): Promise<void> {
  await using server = await ObservingServer.start(script);
  const task = {
    url: server.url,
    token: "token",
    recordings: Array.from({ length: recordings }, () => freshRecording()),
  };
  const client = await start(task);
  const nudging = isPressed ? setInterval(() => client.syncNow(), NUDGE_MS) : undefined;
  try {
    await look(server, (count) => uploads(server, count, withinMs));
  } finally {
    clearInterval(nudging);
    await client.close();
  }
}

async function uploads(server: ObservingServer, count: number, withinMs: number): Promise<void> {
  await waitFor(`upload ${count}`, () => server.uploads.length >= count, withinMs).catch(() => undefined);
  see(server.uploads.length >= count, `no upload ${count}; it asked ${server.story}`);
}

const passed = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Nothing but questions about the limit itself comes in a pause that the first upload's answer begins; then it is sent. */
function pauses(subject: Subject, answer: Answer): Promise<void> {
  const pauseMs = PAUSE_SECONDS * 1_000;
  let refusedMs = Number.POSITIVE_INFINITY;
  const script: Script = {
    upload(nth, { atMs }) {
      if (nth > 0) return accepted(nth);
      refusedMs = atMs;
      return answer;
    },
    fairUse: ({ atMs }) => ({ status: 200, body: { stage: atMs < refusedMs + pauseMs ? "restrict" : "none" } }),
  };
  return play(subject, {
    ...{ script, recordings: 8, isPressed: true },
    async see(server, uploads) {
      await uploads(2);
      const early = server.asked.filter(
        ({ atMs, path }) => atMs > refusedMs && atMs < refusedMs + pauseMs && path !== "/v1/fair-use/status",
      );
      see(early.length === 0, `${early.length} requests in the pause: ${server.story}`);
    },
  });
}

const wait = (status: number, reason?: string): Answer => ({
  status,
  headers: {
    "retry-after": String(PAUSE_SECONDS),
    ...(reason === undefined ? {} : { "x-omi-rate-limit-reason": reason }),
  },
  body: { detail: "wait" },
});

/** After so many uploads nothing more comes, however often a person presses. */
function givesUpAfter(subject: Subject, count: number, script: Script): Promise<void> {
  return play(subject, {
    ...{ script, isPressed: true },
    async see(server, uploads) {
      await uploads(count);
      await passed(LOOK_MS);
      see(server.uploads.length === count, `${server.uploads.length} uploads: ${server.story}`);
    },
  });
}

const CLIENT_RULES: readonly Rule<Subject>[] = [
  {
    id: "C1",
    says: "A recording whose job is completed is not sent again.",
    check: (subject) => givesUpAfter(subject, 1, { upload: accepted }),
  },
  {
    id: "C2",
    says: "While a limit of fair use (429 with that reason) stands, nothing is asked but whether it still does.",
    check: (subject) => pauses(subject, wait(429, "fair_use")),
  },
  {
    id: "C3",
    says: "A 429 without a reason is a busy server: no request goes out until Retry-After is over.",
    check: (subject) => pauses(subject, wait(429)),
  },
  {
    id: "C4",
    says: "A 503 with a reason pauses the account as a 429 does.",
    check: (subject) => pauses(subject, wait(503, "backfill_capacity")),
  },
  {
    id: "C5",
    says: "A 503 without a reason keeps the recording, which is sent again by itself, and not in a storm.",
    check: (subject) =>
      play(subject, {
        script: { upload: (nth) => (nth === 0 ? { status: 503, body: { detail: "down" } } : accepted(nth)) },
        isPressed: false,
        async see(server, uploads) {
          await uploads(2);
          const [first, second] = server.uploads;
          const afterMs = (second?.atMs ?? 0) - (first?.atMs ?? 0);
          see(afterMs >= 1_000, `it came again after ${Math.round(afterMs)} ms`);
        },
      }),
  },
  {
    id: "C6",
    says: "A recording whose job is gone (404) is sent again, with the same bytes.",
    check: (subject) =>
      play(subject, {
        script: {
          upload: accepted,
          job: (id) =>
            id === "job-0"
              ? { status: 404, body: { detail: "Job not found" } }
              : { status: 200, body: { status: "queued" } },
        },
        isPressed: true,
        async see(server, uploads) {
          await uploads(2);
          const [first, second] = server.uploads;
          see(String(first?.files) === String(second?.files), "it sent other bytes");
        },
      }),
  },
  {
    id: "C7",
    says: "A job that failed because the server had no time costs no attempt: five in a row, and it is sent again.",
    check: (subject) =>
      play(subject, {
        script: {
          upload: accepted,
          job: () => failedJob({ error: "Processing timed out (background worker likely died)", retry_after: 1 }),
        },
        isPressed: true,
        async see(server, uploads) {
          await uploads(6);
          const gaps = server.uploads.map(({ atMs }, at) => atMs - (server.uploads[at - 1]?.atMs ?? -1_000_000));
          see(Math.min(...gaps) >= 1_000, `it did not wait the second it was told: ${server.story}`);
        },
      }),
  },
  {
    id: "C8",
    says: "A recording that the server could not process is given up after three attempts.",
    check: (subject) => {
      const failure = {
        failed_segments: 2,
        total_segments: 2,
        reason_code: "stt_failed",
        error: "all segments failed",
      };
      return givesUpAfter(subject, 3, { upload: accepted, job: () => failedJob(failure) });
    },
  },
  {
    id: "C9",
    says: "A recording that is refused for what it is (400) is not sent again.",
    check: (subject) => givesUpAfter(subject, 1, { upload: () => ({ status: 400, body: { detail: "bad file" } }) }),
  },
  {
    id: "C10",
    says: "A recording that is refused for its age (422) is not sent again.",
    check: (subject) =>
      givesUpAfter(subject, 1, {
        upload: () => ({ status: 422, body: { code: "backfill_lookback_exceeded", detail: "too old" } }),
      }),
  },
  {
    id: "C11",
    says: "One upload at a time is under way.",
    check: (subject) =>
      play(subject, {
        script: { upload: (nth) => ({ ...accepted(nth), afterMs: 100 }) },
        ...{ recordings: 12, isPressed: true },
        async see(server, uploads) {
          await uploads(2);
          const sent = (): number => server.uploads.reduce((sum, { files }) => sum + files.length, 0);
          await waitFor("all recordings", () => sent() >= 12, subject.withinMs);
          const isAlone = server.uploads.every(({ atMs }, at) =>
            server.uploads.slice(0, at).every(({ answeredMs = Number.POSITIVE_INFINITY }) => answeredMs <= atMs),
          );
          see(isAlone, `two at once: ${server.story}`);
        },
      }),
  },
  {
    id: "C12",
    says: "A 401 costs no attempt: five in a row, and the recording is sent again, with the same bytes.",
    check: (subject) =>
      play(subject, {
        script: { upload: (nth) => (nth < 5 ? { status: 401, body: { detail: "Invalid token" } } : accepted(nth)) },
        isPressed: true,
        async see(server, uploads) {
          await uploads(6);
          see(new Set(server.uploads.map(({ files }) => String(files))).size === 1, "it sent other bytes");
        },
      }),
  },
];
