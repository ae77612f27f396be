/** A worker of this very build takes over at once, another one when the person says so; a container of events stands in. */
import type { Clock } from "@holdfast/core";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { WorkerMessage } from "./messages.ts";
import { PageUpdates } from "./page-updates.ts";

const SCRIPT = "/assets/index-this.js";

/** Answers for its files as the service worker does. */
class FakeWorker extends EventTarget {
  state: ServiceWorkerState = "installing";
  readonly heard: WorkerMessage["type"][] = [];
  readonly #files: readonly string[];

  constructor(...files: readonly string[]) {
    super();
    this.#files = files;
  }

  postMessage(message: WorkerMessage, [port]: readonly MessagePort[]): void {
    this.heard.push(message.type);
    if (message.type === "has") port?.postMessage(this.#files.includes(message.file));
  }
}

class FakeRegistration extends EventTarget {
  installing: FakeWorker | null = null;
  waiting: FakeWorker | null = null;
  readonly update = vi.fn(async () => {
    throw new TypeError("no network");
  });

  /** The browser has found a worker and installs it. */
  find(worker: FakeWorker): void {
    this.installing = worker;
    this.dispatchEvent(new Event("updatefound"));
  }

  installed(): void {
    [this.waiting, this.installing] = [this.installing, null];
    if (this.waiting === null) return;
    this.waiting.state = "installed";
    this.waiting.dispatchEvent(new Event("statechange"));
  }
}

let registration: FakeRegistration;
let container: EventTarget & { register: (path: string) => Promise<FakeRegistration> };
let reload: ReturnType<typeof vi.fn<() => void>>;
let every: { ms: number; call: () => void } | undefined;

const clock: Clock = {
  now: () => 0,
  after: () => ({ cancel: () => undefined }),
  every: (ms, call) => {
    every = { ms, call };
    return { cancel: () => undefined };
  },
};

beforeEach(() => {
  registration = new FakeRegistration();
  container = Object.assign(new EventTarget(), { register: async () => registration });
  reload = vi.fn<() => void>();
  every = undefined;
});

async function started(): Promise<PageUpdates> {
  const workers = container as unknown as ServiceWorkerContainer;
  const updates = new PageUpdates({ workers, clock, script: SCRIPT, reload });
  await updates.start();
  return updates;
}

describe("a newer page", () => {
  it("is offered once another build is installed, and taken when asked", async () => {
    const updates = await started();
    const told = vi.fn();
    const stop = updates.subscribe(told);
    const other = new FakeWorker("/assets/index-other.js");
    registration.find(other);
    expect(updates.isReady()).toBe(false);
    registration.installed();
    await expect.poll(() => updates.isReady()).toBe(true);
    expect(told).toHaveBeenCalledOnce();
    expect(other.heard).toEqual(["has"]);
    container.dispatchEvent(new Event("controllerchange"));
    expect(reload).not.toHaveBeenCalled();

    updates.take();
    expect(other.heard).toEqual(["has", "take over"]);
    expect(reload).not.toHaveBeenCalled();
    container.dispatchEvent(new Event("controllerchange"));
    expect(reload).toHaveBeenCalledOnce();
    stop();
  });

  it("is not offered where it is this very build, which takes over without loading the page anew", async () => {
    const updates = await started();
    const same = new FakeWorker("/", SCRIPT);
    registration.find(same);
    registration.installed();
    await expect.poll(() => same.heard).toEqual(["has", "take over"]);
    container.dispatchEvent(new Event("controllerchange"));
    expect(updates.isReady()).toBe(false);
    expect(reload).not.toHaveBeenCalled();
  });

  it("that waited already, or was being installed for another tab, is offered too", async () => {
    registration.waiting = new FakeWorker();
    registration.installing = new FakeWorker();
    const newest = registration.installing;
    const updates = await started();
    const told = vi.fn();
    updates.subscribe(told);
    await expect.poll(() => updates.isReady()).toBe(true);
    registration.installed();
    await expect.poll(() => told.mock.calls.length).toBe(2);
    updates.take();
    expect(newest.heard).toEqual(["has", "take over"]);
  });

  it("that another tab has taken is loaded at once", async () => {
    const updates = await started();
    const other = new FakeWorker();
    registration.find(other);
    registration.installed();
    await expect.poll(() => updates.isReady()).toBe(true);
    other.state = "activated";
    updates.take();
    expect(reload).toHaveBeenCalledOnce();
    expect(other.heard).toEqual(["has"]);
  });

  it("is looked for every hour, and a look without a network harms nothing", async () => {
    const updates = await started();
    expect(every?.ms).toBe(3_600_000);
    every?.call();
    expect(registration.update).toHaveBeenCalledOnce();
    updates.take();
    expect(reload).not.toHaveBeenCalled();
  });

  it("is never there where the browser has no service workers", async () => {
    const updates = new PageUpdates({ workers: undefined, clock, script: SCRIPT, reload });
    await updates.start();
    updates.take();
    expect(updates.isReady()).toBe(false);
    expect(every).toBeUndefined();
  });
});
