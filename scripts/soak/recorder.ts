/**
 * The client library in a process of its own, that is killed again and again: it records numbered frames into a log in a folder,
 * live and by upload, and says each thing when it is true. With `drain` it records nothing, and ends when nothing waits any more.
 *
 *   written N     frame N survives the end of the process
 *   delivered N   the server said that frame N is durable
 *   paused        a limit is written down
 */
import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import {
  browserConnect,
  HoldfastClient,
  type LiveCapture,
  type Recording,
  systemClock,
  systemRandom,
} from "@holdfast/client";
import { openFileStore } from "@holdfast/client/node";
import { MESSAGE_MS, SAMPLE_RATE, soundMessage } from "../../simulation/sound.ts";

export interface RecorderTask {
  readonly folder: string;
  readonly url: string;
  readonly token: string;
  /** The first half of the number of a frame. */
  readonly cycle: number;
  readonly drain: boolean;
  /** A capture is stopped after so many frames, and the next begun before it has ended. */
  readonly framesOfCapture: number;
}

const task = JSON.parse(process.argv[2] ?? "{}") as RecorderTask;
/** A write to a pipe is there when it returns, whatever becomes of this process. */
const say = (line: string): void => void writeSync(1, `${line}\n`);

const client = await HoldfastClient.open({
  ...{ store: await openFileStore(task.folder, randomUUID()), owner: "me", reserveBytes: 0, retentionDays: 0 },
  ...{ server: task.url, token: () => task.token, fetch: globalThis.fetch },
  connect: browserConnect((address) => new WebSocket(address)),
  ...{ clock: systemClock, random: systemRandom },
});

/** Numbers of the frames of each session. */
const sessions = new Map<string, number[]>();
const written = new Map<string, number>();
let count = 0;

client.sync.on((name) => {
  if (name === "cooldown_started") say("paused");
});
client.log.on((event) => {
  if (event.type === "captured") {
    const frames = sessions.get(event.sessionId) ?? [];
    for (const number of frames.slice(written.get(event.sessionId) ?? 0, event.frames)) say(`written ${number}`);
    written.set(event.sessionId, event.frames);
  }
  if (event.type === "recording_changed") tellDelivered(event.before, event.recording);
});
client.start();
if (task.drain) await drain();
else await record();

function tellDelivered(before: Recording, { sessionId, firstSequence, delivered }: Recording): void {
  const frames = sessions.get(sessionId ?? "") ?? [];
  for (const number of frames.slice(firstSequence + before.delivered, firstSequence + delivered))
    say(`delivered ${number}`);
}

async function record(): Promise<void> {
  let capture: LiveCapture = await begin();
  setInterval(() => {
    const frames = sessions.get(capture.sessionId) ?? [];
    sessions.set(capture.sessionId, frames);
    frames.push(count);
    capture.append(soundMessage(task.cycle, count, true));
    count += 1;
    if (count % task.framesOfCapture !== 0) return;
    const old = capture;
    void begin().then((next) => {
      capture = next;
      void old.stop();
    });
  }, MESSAGE_MS);
}

function begin(): Promise<LiveCapture> {
  return client.capture({
    ...{ device: "soak", codec: "pcm16", sampleRate: SAMPLE_RATE, channels: 1 },
    ...{ frameSamples: (SAMPLE_RATE * MESSAGE_MS) / 1_000, language: "en" },
  });
}

async function drain(): Promise<void> {
  for (;;) {
    const { counts, capturing } = client.sync.status;
    if (counts.pending === 0 && capturing === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 500));
    client.sync.syncNow();
  }
  say(`attention ${client.sync.status.counts.attention}`);
  await client.close();
}
