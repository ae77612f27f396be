/** The order of a recording's end, that no fault leaves a microphone open, and that only what the server holds is called safe. Node has no Opus encoder, so frames are PCM. */
import { describe, expect, it } from "vitest";
import { FRAME_MS, FRAME_SAMPLES } from "./frame.ts";
import type { LiveLink, LiveLinkListener } from "./live-link.ts";
import type { Microphone, MicrophoneListener } from "./microphone.ts";
import { CaptureError, type CaptureProblem } from "./problem.ts";
import { Recorder } from "./recorder.ts";
import type { SharedSound } from "./shared-sound.ts";

class Stage {
  readonly log: string[] = [];
  readonly sent: Uint8Array[] = [];
  /** Resolves with whether the server holds everything. */
  readonly finished = Promise.withResolvers<boolean>();
  microphone: MicrophoneListener | null = null;
  link: LiveLinkListener | null = null;
  refuseMicrophone: CaptureProblem | null = null;
  refuseLink: CaptureProblem | null = null;
  /** What the person shares; null: they give up. */
  shared: SharedSound | null = null;
  refuseShared = false;
  cannotMix = false;
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

  /** Sound that is shared when it is asked for; what is returned ends it. */
  shares(): () => void {
    const ended = Promise.withResolvers<void>();
    this.shared = {
      // Node has no streams of media; the recorder only hands it on.
      stream: {} as MediaStream,
      ended: ended.promise,
      stop: () => void this.log.push("shared stopped"),
    };
    return ended.resolve;
  }

  /** Presses the sign for it. */
  async share(): Promise<void> {
    await this.recorder.share(async () => {
      if (this.refuseShared) throw new CaptureError("no_shared_sound");
      return this.shared;
    });
  }

  async #openMicrophone(listener: MicrophoneListener): Promise<Microphone> {
    if (this.refuseMicrophone !== null) throw new CaptureError(this.refuseMicrophone);
    this.microphone = listener;
    return {
      mix: () => {
        if (this.cannotMix) throw new DOMException("", "NotSupportedError");
        this.log.push("mixed");
        return () => void this.log.push("unmixed");
      },
      stop: async () => {
        if (this.microphone === null) return;
        this.frames(1);
        this.microphone = null;
        this.log.push("microphone closed");
      },
    };
  }

  async #openLink(codec: string, listener: LiveLinkListener): Promise<LiveLink> {
    if (this.refuseLink !== null) throw new CaptureError(this.refuseLink);
    this.log.push(`link ${codec}`);
    this.link = listener;
    return {
      send: (message) => void this.sent.push(message),
      finish: async () => {
        this.log.push(`finish ${this.sent.length}`);
        const isDelivered = await this.finished.promise;
        this.log.push("finished");
        return isDelivered;
      },
    };
  }

  async #stopConversation(id: string | null): Promise<string | null> {
    this.log.push(`stop ${id}`);
    if (this.stopFails) throw new Error("down");
    return id;
  }
}

describe("a recording", () => {
  it("ends in order: last frame, everything kept, stop", async () => {
    const stage = new Stage();
    await stage.recorder.start();
    stage.frames(20);
    stage.link?.onConversation("c1");
    const stopping = stage.recorder.stop();
    await stage.phase("stopping");
    expect(stage.recorder.snapshot().outcome).toBeNull();
    stage.finished.resolve(true);
    await stopping;
    expect(stage.log).toEqual(["link pcm16", "microphone closed", "finish 21", "finished", "stop c1"]);
    expect(stage.recorder.snapshot()).toMatchObject({
      ...{ phase: "idle", outcome: { conversationId: "c1", isKept: false } },
    });
    expect(stage.recorder.level).toBe(0);
  });

  it("that the server does not hold whole is over, kept, and ends no conversation", async () => {
    const stage = new Stage();
    await stage.recorder.start();
    stage.frames(20);
    stage.link?.onConversation("c1");
    stage.finished.resolve(false);
    await stage.recorder.stop();
    expect(stage.log).not.toContain("stop c1");
    expect(stage.recorder.snapshot()).toMatchObject({
      ...{ phase: "idle", outcome: { conversationId: null, isKept: true } },
    });
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

  it("that is stopped twice ends once, and both wait for the end", async () => {
    const stage = new Stage();
    await stage.recorder.start();
    const both = Promise.all([stage.recorder.stop(), stage.recorder.stop()]);
    stage.finished.resolve(true);
    await both;
    expect(stage.log.filter((each) => each === "finished")).toHaveLength(1);
    expect(stage.recorder.snapshot().phase).toBe("idle");
  });
});

describe("shared sound", () => {
  it("begins a recording, and ends with it", async () => {
    const stage = new Stage();
    stage.shares();
    await stage.share();
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "recording", shared: "on" });
    stage.finished.resolve(true);
    await stage.recorder.stop();
    expect(stage.log).toEqual([
      ...["link pcm16", "mixed", "microphone closed", "unmixed", "shared stopped", "finish 1", "finished", "stop null"],
    ]);
  });

  it("joins a recording that runs, once, and leaves it again", async () => {
    const stage = new Stage();
    await stage.recorder.start();
    stage.shares();
    await stage.share();
    await stage.share();
    expect(stage.log).toEqual(["link pcm16", "mixed", "shared stopped"]);
    stage.recorder.unshare();
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "recording", shared: "off" });
    expect(stage.log).toEqual(["link pcm16", "mixed", "shared stopped", "unmixed", "shared stopped"]);
  });

  it("that ends by itself ends nothing else", async () => {
    const stage = new Stage();
    const end = stage.shares();
    await stage.share();
    end();
    await Promise.resolve();
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "recording", shared: "ended" });
    stage.frames(5);
    expect(stage.sent).toHaveLength(5);
  });

  it("that is given up leaves everything as it was", async () => {
    const stage = new Stage();
    await stage.share();
    expect(stage.recorder.snapshot().phase).toBe("idle");
    await stage.recorder.start();
    await stage.share();
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "recording", shared: "off" });
  });

  it("without sound begins no recording, and ends none", async () => {
    const stage = new Stage();
    stage.refuseShared = true;
    await stage.share();
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "failed", problem: "no_shared_sound" });
    await stage.recorder.start();
    await stage.share();
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "recording", shared: "silent" });
  });

  it("that the browser cannot mix is given back, and the microphone goes on", async () => {
    const stage = new Stage();
    stage.shares();
    stage.cannotMix = true;
    await stage.share();
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "recording", shared: "silent" });
    expect(stage.log).toEqual(["link pcm16", "shared stopped"]);
  });

  it("is given back where no recording comes of it", async () => {
    const stage = new Stage();
    stage.shares();
    stage.refuseMicrophone = "denied";
    await stage.share();
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "failed", problem: "denied" });
    expect(stage.log).toEqual(["shared stopped"]);
  });

  it("that is chosen after the end is given back", async () => {
    const stage = new Stage();
    await stage.recorder.start();
    stage.shares();
    stage.finished.resolve(true);
    await Promise.all([stage.share(), stage.recorder.stop()]);
    expect(stage.log).toContain("shared stopped");
    expect(stage.log).not.toContain("mixed");
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

  it("of the place where it would be kept closes the microphone", async () => {
    const stage = new Stage();
    stage.refuseLink = "storage_full";
    await stage.recorder.start();
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "failed", problem: "storage_full" });
    expect(stage.log).toEqual(["microphone closed"]);
  });

  it("of the device delivers what there is and then says so", async () => {
    const stage = new Stage();
    await stage.recorder.start();
    stage.link?.onConversation("c1");
    stage.finished.resolve(true);
    stage.microphone?.onLost();
    await stage.phase("failed");
    expect(stage.recorder.snapshot()).toMatchObject({ problem: "microphone_lost", outcome: { conversationId: "c1" } });
    expect(stage.log).toContain("finished");
  });

  it("of the server does not end the recording: it is kept", async () => {
    const stage = new Stage();
    await stage.recorder.start();
    stage.link?.onState("refused");
    stage.frames(10);
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "recording", link: "refused" });
    expect(stage.sent).toHaveLength(10);
  });

  it("of keeping the end is not taken for safety", async () => {
    const stage = new Stage();
    await stage.recorder.start();
    stage.finished.reject(new Error("the disk is full"));
    await stage.recorder.stop();
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "failed", problem: "end_not_kept", outcome: null });
    expect(stage.microphone).toBeNull();
  });

  it("of the stop itself leaves the sound on the server and says so", async () => {
    const stage = new Stage();
    stage.stopFails = true;
    stage.finished.resolve(true);
    await stage.recorder.start();
    await stage.recorder.stop();
    expect(stage.recorder.snapshot()).toMatchObject({ phase: "failed", problem: "stop_failed" });
  });
});
