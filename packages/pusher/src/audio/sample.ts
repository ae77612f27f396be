/**
 * A request for samples of a person's voice (reference listen-and-pusher 5.7): cuts them out of kept sound and gives them to the
 * person. The request is a job, so that a pusher which dies in the middle costs a lease and nothing else; while the sound is not
 * kept yet it waits, at no cost of attempts, and what keeps sound wakes it. The reference lets requests rest in memory and hurries
 * them when a process ends; here nothing is lost with a process, so nothing is hurried.
 */
import { Readable } from "node:stream";
import { SPEECH_SAMPLES } from "@holdfast/contract";
import type { SampleCut } from "@holdfast/core";
import {
  type AudioFile,
  AWAITING_SOUND,
  type CutSample,
  completeSamples,
  failJob,
  loadSampleWork,
  sampleFolder,
  sampleSubject,
  speechSampleId,
} from "@holdfast/store";
import type { AudioEnd, AudioRun } from "./jobs.ts";

/** Ten seconds of 16-bit samples and a header, with room. */
const MAX_BYTES = 1024 * 1024;

export async function sampleVoice(run: AudioRun): Promise<AudioEnd> {
  const { db, blobs, job, clock, random, signal } = run;
  const work = await loadSampleWork(db, job, clock.now());
  if (work.outcome === "waiting") {
    const message = "the sound of its conversation is not kept yet";
    const failure = { class: "capacity", code: AWAITING_SOUND, message, retryAfterMs: SPEECH_SAMPLES.retryMs } as const;
    const state = await failJob(db, job, failure, clock.now(), random.next());
    return { outcome: state === undefined ? "lease_lost" : "postponed", parts: 0, bytes: 0 };
  }
  const cut = work.outcome === "ready" ? await store(run, work.cuts, work.parts) : [];
  signal.throwIfAborted();
  const end = await completeSamples(db, job, cut, clock.now());
  if (end.outcome === "gone") await blobs.removeAll(sampleFolder(job));
  if (end.outcome === "stored") {
    for (const { blobKey } of cut.filter((sample) => !end.kept.includes(sample))) await blobs.removeAll(blobKey);
  }
  return { outcome: end.outcome, parts: end.kept.length, bytes: end.kept.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Durable, under names that a run which takes over writes again. What such a run wrote before this one goes first. */
async function store(run: AudioRun, cuts: readonly SampleCut[], parts: readonly AudioFile[]): Promise<CutSample[]> {
  const { blobs, job, desk, signal } = run;
  const folder = sampleFolder(job);
  await blobs.removeAll(folder);
  const stored: CutSample[] = [];
  for (const [partId, of] of Map.groupBy(cuts, (cut) => cut.partId)) {
    const part = parts.find(({ id }) => id === partId);
    if (part === undefined) continue;
    const answer = await desk.ask({ type: "cut", file: await blobs.read(part.blobKey), cuts: of });
    const wavs = answer.type === "cuts" ? answer.wavs : [];
    for (const [i, { segmentId, samples }] of of.entries()) {
      const staged = await blobs.stage(Readable.from([wavs[i] ?? new Uint8Array(0)]), { maxBytes: MAX_BYTES, signal });
      const id = speechSampleId(job.userId, sampleSubject(job).personId, segmentId);
      const blobKey = `${folder}/${id}.wav`;
      signal.throwIfAborted();
      await blobs.commit(staged, blobKey);
      stored.push({ segmentId, samples, bytes: staged.bytes, blobKey });
    }
  }
  return stored;
}
