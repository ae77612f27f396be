/** Composition root of the speech process. */
import { runProcess } from "@holdfast/runtime";
import { startSpeech } from "./server/speech.ts";

// The engine child inherits these: fewer arenas, and large blocks go back to the system at once (an eighth less memory).
process.env.MALLOC_ARENA_MAX ??= "2";
process.env.MALLOC_MMAP_THRESHOLD_ ??= "131072";
process.env.MALLOC_TRIM_THRESHOLD_ ??= "131072";

runProcess("speech", (context) => startSpeech(context));
