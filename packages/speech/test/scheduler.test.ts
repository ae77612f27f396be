import { describe, expect, it } from "vitest";
import { createScheduler, type Priority } from "../src/engine/scheduler.ts";

/** A scheduler whose work ends when the test says so. */
function bench(slots = 2, live = true) {
  const state = { live };
  const scheduler = createScheduler({ slots, isLive: () => state.live });
  const started: string[] = [];
  const endings = new Map<string, () => void>();
  const add = (name: string, priority: Priority, signal?: AbortSignal): Promise<string> => {
    const work = (): Promise<string> => {
      started.push(name);
      return new Promise((resolve) => endings.set(name, () => resolve(name)));
    };
    return scheduler.run(priority, work, signal);
  };
  const end = async (name: string): Promise<void> => {
    endings.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { scheduler, started, add, end, state };
}

describe("the slots of the engine", () => {
  it("never hold more than there are", async () => {
    const { scheduler, started, add, end } = bench();
    for (const name of ["a", "b", "c"]) void add(name, "final");
    expect(started).toEqual(["a", "b"]);
    expect(scheduler.running).toBe(2);
    expect(scheduler.queued.final).toBe(1);
    await end("a");
    expect(started).toEqual(["a", "b", "c"]);
  });

  it("go to finals, first partials, partials, batch, in this order", async () => {
    const { started, add, end } = bench(1);
    void add("running", "final");
    void add("batch", "batch");
    void add("partial", "partial");
    void add("first", "first-partial");
    void add("final", "final");
    for (const name of ["running", "final", "first", "partial"]) await end(name);
    expect(started).toEqual(["running", "final", "first", "partial", "batch"]);
  });

  it("leave one to finals while partials wait", async () => {
    const { started, add } = bench();
    void add("p1", "first-partial");
    void add("p2", "partial");
    void add("final", "final");
    expect(started).toEqual(["p1", "final"]);
  });

  it("leave one to live streams while batch waits, and none when there are no streams", async () => {
    const busy = bench(2, true);
    void busy.add("b1", "batch");
    void busy.add("b2", "batch");
    expect(busy.started).toEqual(["b1"]);
    const calm = bench(2, false);
    void calm.add("b1", "batch");
    void calm.add("b2", "batch");
    expect(calm.started).toEqual(["b1", "b2"]);
  });

  it("are given on after a failure", async () => {
    const { scheduler, started, add } = bench(1);
    const failed = scheduler.run("final", () => Promise.reject(new Error("broken")));
    void add("next", "final");
    await expect(failed).rejects.toThrow("broken");
    await new Promise((resolve) => setImmediate(resolve));
    expect(started).toEqual(["next"]);
  });

  it("are not given to work that nobody wants any more", async () => {
    const { started, add, end } = bench(1);
    const gone = new AbortController();
    void add("running", "final");
    const dropped = add("dropped", "final", gone.signal);
    void add("next", "final");
    const refused = expect(dropped).rejects.toThrow("speech went on");
    gone.abort(new Error("speech went on"));
    await end("running");
    await refused;
    expect(started).toEqual(["running", "next"]);
  });
});
