/** A decode thread that misbehaves as the bytes of its source say: 1 crashes, 2 exits, 3 is stuck, 4 dies between questions. */
import { parentPort } from "node:worker_threads";
import type { DecodeAnswer, DecodeRequest } from "../../src/decode/protocol.ts";

let mood = 0;
const reply = (answer: DecodeAnswer): void => parentPort?.postMessage(answer);

parentPort?.on("message", (request: DecodeRequest) => {
  if (request.type === "open") {
    mood = request.source.kind === "sound" ? (request.source.bytes[0] ?? 0) : 0;
    reply({ type: "opened" });
    if (mood === 4) setTimeout(() => process.exit(3), 5);
    return;
  }
  if (mood === 1) throw new Error("the decoder fell over");
  if (mood === 2) process.exit(9);
  if (mood === 3) for (;;);
  if (mood !== 4)
    reply({ type: "end", samples: mood, damage: undefined, frames: 1, droppedFrames: 0, droppedBytes: 0 });
});
