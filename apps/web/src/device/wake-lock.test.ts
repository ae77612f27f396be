/** The screen stays on while something is recorded, also after the page was away, and no longer. */
import { expect, it } from "vitest";
import { WakeLock } from "./wake-lock.ts";

function page(refuses = false) {
  const listeners = new Set<() => void>();
  const state = { taken: 0, released: 0, listeners };
  const document = {
    visibilityState: "visible" as DocumentVisibilityState,
    addEventListener: (_type: string, listener: () => void) => void listeners.add(listener),
    removeEventListener: (_type: string, listener: () => void) => void listeners.delete(listener),
  };
  const wakeLock = {
    request: async () => {
      if (refuses) throw new DOMException("", "NotAllowedError");
      state.taken += 1;
      return {
        release: async () => {
          state.released += 1;
        },
      };
    },
  };
  const show = (visible: boolean): void => {
    document.visibilityState = visible ? "visible" : "hidden";
    for (const listener of listeners) listener();
  };
  return { state, show, lock: new WakeLock({ wakeLock, document: document as unknown as Document }) };
}

it("is taken once, and given back", async () => {
  const { state, lock } = page();
  lock.take();
  lock.take();
  await expect.poll(() => state.taken).toBe(1);
  lock.release();
  await expect.poll(() => state.released).toBe(1);
  expect(state.listeners.size).toBe(0);
});

it("is taken again when the page is back, and not while it is away", async () => {
  const { state, show, lock } = page();
  lock.take();
  await expect.poll(() => state.taken).toBe(1);
  show(false);
  await Promise.resolve();
  expect(state.taken).toBe(1);
  show(true);
  await expect.poll(() => state.taken).toBe(2);
  lock.release();
  await expect.poll(() => state.released).toBe(2);
});

it("that is given back before it came is not kept", async () => {
  const { state, lock } = page();
  lock.take();
  lock.release();
  await expect.poll(() => state.taken === state.released).toBe(true);
});

it("that is refused hurts nobody", async () => {
  const { state, show, lock } = page(true);
  lock.take();
  show(true);
  lock.release();
  expect(state.taken).toBe(0);
});
