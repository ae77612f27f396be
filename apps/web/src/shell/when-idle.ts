/** Calls when the page has been drawn and has nothing more urgent to do; at the latest after two seconds. */
const LATEST_MS = 2_000;

export function whenIdle(call: () => void): void {
  const wait = (): void => {
    // Safari has no idle callbacks.
    if (typeof window.requestIdleCallback === "function") window.requestIdleCallback(call, { timeout: LATEST_MS });
    else window.setTimeout(call, LATEST_MS / 4);
  };
  if (document.readyState === "complete") wait();
  else window.addEventListener("load", wait, { once: true });
}
