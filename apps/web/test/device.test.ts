/** Who has the recordings: one page at a time, the next when it goes, nobody who is signed out. */
import { HoldfastClient, systemClock, systemRandom } from "@holdfast/client";
import { HoldfastError } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import { MemoryDisk } from "@holdfast/testkit/log";
import { describe, expect, it } from "vitest";
import { Device, type DeviceDeps, type PageLocks } from "../src/device/device.ts";

/** One lock, as the pages of an origin share it. */
class SharedLock implements PageLocks {
  #turn: Promise<unknown> = Promise.resolve();

  async request(_name: string, { signal }: { readonly signal: AbortSignal }, held: () => Promise<void>): Promise<void> {
    const given = Promise.withResolvers<void>();
    const before = this.#turn;
    const gaveUp = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")), { once: true });
    });
    gaveUp.catch(() => undefined);
    this.#turn = before.then(() => given.promise);
    try {
      await Promise.race([before, gaveUp]);
      await held();
    } finally {
      given.resolve();
    }
  }
}

/** Time that a test lets pass. */
class HandClock implements Clock {
  readonly #calls = new Set<() => void>();
  now = (): number => 0;
  every = (): { cancel(): void } => ({ cancel: () => {} });
  after(_ms: number, call: () => void): { cancel(): void } {
    this.#calls.add(call);
    return { cancel: () => void this.#calls.delete(call) };
  }
  pass(): void {
    for (const call of [...this.#calls]) {
      this.#calls.delete(call);
      call();
    }
  }
}

const disk = (): (() => Promise<HoldfastClient>) => {
  const memory = new MemoryDisk();
  return async () =>
    await HoldfastClient.open({
      ...{ store: await memory.open(), owner: "anna", server: "http://localhost", token: "t" },
      ...{ clock: systemClock, random: systemRandom, fetch: () => Promise.reject(new TypeError("away")) },
      connect: () => {
        throw new Error("nothing is live here");
      },
    });
};

function page(deps: Partial<DeviceDeps> & Pick<DeviceDeps, "locks" | "open">) {
  const clock = new HandClock();
  const device = new Device({
    ...{ clock, account: () => Promise.resolve("anna"), beforeClose: () => Promise.resolve() },
    ...deps,
  });
  return { device, clock };
}

async function becomes(device: Device, name: string): Promise<void> {
  await expect.poll(() => device.snapshot().name).toBe(name);
}

/** Waits for the lock long enough to say so. */
async function isElsewhere({ device, clock }: ReturnType<typeof page>): Promise<void> {
  await expect
    .poll(() => {
      clock.pass();
      return device.snapshot().name;
    })
    .toBe("elsewhere");
}

describe("the recordings of a browser", () => {
  it("are open for who is signed in, and closed for who signs out, after what runs on them has ended", async () => {
    const log: string[] = [];
    const open = disk();
    const { device } = page({
      locks: new SharedLock(),
      open,
      beforeClose: async () => {
        await expect(open()).rejects.toMatchObject({ code: "log_in_use" });
        log.push("ended well");
      },
    });
    expect(device.snapshot().name).toBe("signed_out");
    device.use("t");
    const client = await device.client();
    expect(device.snapshot()).toMatchObject({ name: "open", account: "anna", client });
    device.use(null);
    await becomes(device, "signed_out");
    expect(log).toEqual(["ended well"]);
    await expect(device.client()).rejects.toMatchObject({ code: "signed_out" });
    // The store was given back: it can be opened again.
    await (await open()).close();
  });

  it("are another page's until it closes, and that is said only when it stays so", async () => {
    const locks = new SharedLock();
    const open = disk();
    const first = page({ locks, open });
    const second = page({ locks, open });
    first.device.use("t");
    await first.device.client();
    second.device.use("t");
    await Promise.resolve();
    expect(second.device.snapshot().name).toBe("opening");
    await isElsewhere(second);
    await expect(second.device.client()).rejects.toMatchObject({ code: "log_in_use" });
    first.device.use(null);
    await becomes(second.device, "open");
    second.device.use(null);
    await becomes(second.device, "signed_out");
  });

  it("are not waited for any more by who signs out meanwhile", async () => {
    const locks = new SharedLock();
    const open = disk();
    const first = page({ locks, open });
    const second = page({ locks, open });
    first.device.use("t");
    await first.device.client();
    second.device.use("t");
    await isElsewhere(second);
    second.device.use(null);
    await becomes(second.device, "signed_out");
    first.device.use(null);
    await becomes(first.device, "signed_out");
    expect(second.device.snapshot().name).toBe("signed_out");
  });

  it("are opened anew for another account", async () => {
    const accounts = ["anna", "bert"];
    const { device } = page({
      locks: new SharedLock(),
      open: disk(),
      account: () => Promise.resolve(accounts.shift() ?? ""),
    });
    device.use("t1");
    const before = await device.client();
    device.use("t2");
    await expect.poll(() => device.snapshot()).toMatchObject({ name: "open", account: "bert" });
    expect(await device.client()).not.toBe(before);
    device.use(null);
    await becomes(device, "signed_out");
  });

  it.each([
    ["a page that is not secure", { locks: undefined }, "insecure_page"],
    [
      "a browser without storage",
      { open: () => Promise.reject(new HoldfastError("no", { code: "storage_failed", class: "transport" })) },
      "storage_failed",
    ],
    ["a defect", { open: () => Promise.reject(new TypeError("undefined is not a function")) }, "unexpected"],
  ])("of %s cannot be used, and that is said", async (_what, deps, code) => {
    const { device } = page({ locks: new SharedLock(), open: disk(), ...deps });
    device.use("t");
    await expect.poll(() => device.snapshot()).toEqual({ name: "unavailable", code });
    await expect(device.client()).rejects.toMatchObject({ code });
  });
});
