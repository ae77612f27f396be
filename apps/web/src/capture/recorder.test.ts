/** The order of a recording's end, and that no fault leaves a microphone open. Node has no Opus encoder, so frames are PCM. */
import { describe, expect, it } from "vitest";
import { FRAME_MS, FRAME_SAMPLES } from "./frame.ts";
import type { LiveLink, LiveLinkListener } from "./live-link.ts";
import type { MicrophoneListener } from "./microphone.ts";
import { CaptureError, type CaptureProblem } from "./problem.ts";
import { Recorder } from "./recorder.ts";

class Stage {
  readonly log: string[] = [];
  readonly sent: Uint8Array[] = [];
  readonly drained = Promise.withResolvers<void>();
  microphone: MicrophoneListener | null = null;
  link: LiveLinkListener | null = null;
  refuseMicrophone: CaptureProblem | null = null;
  stopFails = false;
  readonly recorder: Recorder;

  constructor() {
    this.recorder = new Recorder({
      openMicrophone: (listener) => this.#openMicrophone(listener),
      openLink: (codec, listener) => this.#openLink(codec, listener),
      stopConversation: (id) => this.#stopConversation(id),
      nowMs: () => 42,
    });
  }

  frames(count: number): void {
    for (let i = 0; i < count; i += 1) this.microphone?.onFrame(new Float32Array(FRAME_SAMPLES).fill(0.5), 0.5);
  }

  /** Waits for the recorder to reach a phase. */
  async phase(wanted: string): Promise<void> {
    if (this.recorder.snapshot().phase === wanted) return;
    await new Promise<void>((resolve) => {
      const leave = this.recorder.subscribe(() => {
        if (this.recorder.snapshot().phase !== wanted) return;
        leave();
        resolve();
      });
    });
  }

  async #openMicrophone(listener: MicrophoneListener): Promise<{ stop(): Promise<void> }> {
    if (this.refuseMicrophone !== null) throw new CaptureError(this.refuseMicrophone);
    this.microphone = listener;
    return {
      stop: async () => {
        if (this.microphone === null) return;
        this.frames(1);
        this.microphone = null;
        this.log.push("microphone closed");
      },
    };
  }

  #openLink(codec: string, listener: LiveLinkListener): LiveLink {
    this.log.push(`link ${codec}`);
    this.link = listener;
    return {
      send: (message) => void this.sent.push(message),
      drain: async () => {
        this.log.push(`drain ${this.sent.length}`);
        await this.drained.promise;
        this.log.push("drained");
      },
      close: () => void this.log.push("link closed"),
    };
  }

  async #stopConversation(id: string | null): Promise<string | null> {
    this.log.push(`stop ${id}`);
    if (this.stopFails) throw new Error("down");
    return id;
  }
}

describe("a recording", () => {
  it("ends in order: last frame, drain, stop, close", async () => {
    const stage = new Stage();
    await stage.recorder.start();
    stage.frames(20);
    stage.link?.onConversation("c1");
    const stopping = stage.recorder.stop();
    await stage.phase("stopping");
    expect(stage.recorder.snapshot().outcome).toBeNull();
    stage.drained.resolve();
    await stopping;
    expect(stage.log).toEqual(["link pcm16", "microphone closed", "drain 21", "drained", "stop c1", "link closed"]);
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "idle", outcome: { conversationId: "c1" } });
    expect(stage.recorder.level).toBe(0);
  });

  it("tells what is captured and what is safe in milliseconds", async () => {
    const stage = new Stage();
    await stage.recorder.start();
    stage.frames(100);
    stage.link?.onSafe(75);
    expect(stage.recorder.snapshot()).toMatchObject({ capturedMs: 100 * FRAME_MS, safeMs: 75 * FRAME_MS });
    expect(stage.sent).toHaveLength(100);
    expect(stage.sent[0]).toHaveLength(FRAME_SAMPLES * 2);
  });

  it("that starts twice is one recording", async () => {
    const stage = new Stage();
    await Promise.all([stage.recorder.start(), stage.recorder.start()]);
    expect(stage.log).toEqual(["link pcm16"]);
  });
});

describe("a fault", () => {
  it.each(["denied", "no_microphone", "insecure"] as const)("%s before the start is shown", async (problem) => {
    const stage = new Stage();
    stage.refuseMicrophone = problem;
    await stage.recorder.start();
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "failed", problem });
    expect(stage.log).toEqual([]);
  });

  it("of the device delivers what there is and then says so", async () => {
    const stage = new Stage();
    await stage.recorder.start();
    stage.link?.onConversation("c1");
    stage.drained.resolve();
    stage.microphone?.onLost();
    await stage.phase("failed");
    expect(stage.recorder.snapshot()).toMatchObject({ problem: "microphone_lost", outcome: { conversationId: "c1" } });
    expect(stage.log).toContain("drained");
  });

  it("of the server closes microphone and link", async () => {
    const stage = new Stage();
    await stage.recorder.start();
    stage.link?.onRefused();
    await stage.phase("failed");
    await expect.poll(() => stage.log).toEqual(["link pcm16", "microphone closed", "link closed"]);
  });

  it("while waiting for the server to hold everything is not taken for safety", async () => {
    const stage = new Stage();
    await stage.recorder.start();
    const stopping = stage.recorder.stop();
    stage.drained.reject(new Error("refused"));
    await stopping;
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "failed", problem: "link_refused", outcome: null });
  });

  it("of the stop itself leaves the sound on the server and says so", async () => {
    const stage = new Stage();
    stage.stopFails = true;
    stage.drained.resolve();
    await stage.recorder.start();
    await stage.recorder.stop();
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "failed", problem: "stop_failed" });
    expect(stage.log.at(-1)).toBe("link closed");
  });
});
