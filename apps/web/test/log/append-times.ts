/** How long a frame takes until it is written. */
import type { RecordingLog } from "@holdfast/client";

/** Frames that hold their number. */
export function frameOf(sequence: number): Uint8Array {
  const frame = new Uint8Array(80);
  new DataView(frame.buffer).setUint32(0, sequence, true);
  return frame;
}

/** Milliseconds of each of so many appends until they are written, 20 ms apart, as sound comes. */
export async function appendTimes(log: RecordingLog, count: number): Promise<number[]> {
  const facts = { device: "bench", codec: "opus", sampleRate: 16_000, channels: 1, frameSamples: 320 } as const;
  const session = await log.begin(facts);
  const times: number[] = [];
  for (let sequence = 0; sequence < count; sequence++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const began = performance.now();
    session.append(frameOf(sequence));
    await session.flush();
    times.push(performance.now() - began);
  }
  await session.close();
  return times;
}
