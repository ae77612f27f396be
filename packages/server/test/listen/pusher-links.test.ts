/** What the links of one process share: the circuit and its file, the timer, the figures, and the case that there is no pusher. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { breakerFile, openBreaker } from "../../src/listen/pusher-link-breaker.ts";
import { LinkTicker } from "../../src/listen/pusher-link-ticker.ts";
import { collectingLog, handOff, type LinkWorld, type LogLine, linkWorld, virtualClock } from "./link-network.ts";

describe("the circuit", () => {
  /** Many sessions whose pusher refuses everybody. */
  function refusing(count: number): LinkWorld {
    const world = linkWorld();
    world.network.onConnect = (wire) => world.clock.after(1, () => wire.end("connection refused"));
    for (let i = 0; i < count; i += 1) world.open();
    return world;
  }

  it("opens with the twentieth failure, and nobody tries for a minute", () => {
    const { clock, network, links, said } = refusing(30);
    clock.advance(1);
    expect(links.figures()).toMatchObject({ breaker: "open", links: { reconnect_backoff: 30 } });
    expect(said("pusher_breaker_opened")).toMatchObject([{ level: "error" }]);
    clock.advance(1_100);
    // The first try of the backoff is refused, and that leads to a rest at once.
    expect([network.wires.length, links.figures().links.degraded]).toEqual([30, 30]);
    clock.advance(58_000);
    expect(network.wires).toHaveLength(30);
  });

  it("lets one session ask whether the pusher is back, and then all of them", () => {
    const { clock, network, links, said } = refusing(30);
    clock.advance(59_000);
    let probes = 0;
    network.onConnect = (wire) => {
      probes += 1;
      clock.after(200, wire.open);
    };
    clock.advance(2_150);
    expect([probes, links.figures().breaker]).toEqual([1, "half_open"]);
    clock.advance(100);
    expect(links.figures()).toMatchObject({ breaker: "closed", links: { connected: 1, degraded: 29 } });
    expect(said("pusher_breaker_half_open").concat(said("pusher_breaker_closed"))).toHaveLength(2);
    clock.advance(60_000);
    expect(links.figures().links.connected).toBe(30);
  });

  it("stays open for another minute when the probe fails", () => {
    const { clock, network, links } = refusing(30);
    clock.advance(62_000);
    expect([network.wires.length, links.figures().breaker]).toEqual([31, "open"]);
  });

  it("lets the next one ask when the session that asked ends meanwhile", () => {
    const world = linkWorld();
    const { clock, network, links } = world;
    network.onConnect = (wire) => void clock.after(1, () => wire.end());
    const all = Array.from({ length: 25 }, () => world.open());
    clock.advance(30_000);
    network.onConnect = () => {};
    clock.advance(31_100);
    expect([network.wires.length, links.figures().breaker]).toEqual([26, "half_open"]);
    for (const link of all) link.close();
    network.onConnect = (wire) => void clock.after(1, wire.open);
    const next = world.open();
    clock.advance(1);
    expect([next.connected, links.figures().breaker]).toEqual([true, "closed"]);
  });

  it("is not opened by connections that end, nor by a few failures", () => {
    const { clock, network, links, open } = linkWorld();
    for (let i = 0; i < 100; i += 1) open();
    for (const wire of network.wires) wire.open();
    for (const wire of [...network.wires]) wire.end();
    clock.advance(1_200);
    expect(network.wires).toHaveLength(200);
    for (const wire of network.wires.slice(100, 119)) wire.end();
    expect(links.figures().breaker).toBe("closed");
  });
});

describe("the file of the circuit", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-breaker-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const pathOf = () => join(folder, "run", "pusher-breaker-8787.json");
  const open = (clock = virtualClock(), lines: LogLine[] = []) =>
    openBreaker(clock, collectingLog(lines), breakerFile(pathOf()));
  const fail = (breaker: ReturnType<typeof openBreaker>, times: number) => {
    for (let i = 0; i < times; i += 1) breaker.report("go", "failure");
  };

  it("appears when the circuit opens, and keeps it open over a restart", () => {
    const clock = virtualClock();
    const before = open(clock);
    fail(before, 19);
    expect(readdirSync(folder)).toEqual([]);
    fail(before, 1);
    expect(readdirSync(join(folder, "run"))).toEqual(["pusher-breaker-8787.json"]);
    const lines: LogLine[] = [];
    const after = open(clock, lines);
    expect([after.state.name, after.ask()]).toEqual(["open", "refuse"]);
    expect(lines).toMatchObject([{ event: "pusher_breaker_restored", state: "open" }]);
    clock.advance(60_000);
    expect(after.ask()).toBe("probe");
    // The process ends in the middle of its probe; the next one may probe.
    const third = open(clock);
    expect(third.ask()).toBe("probe");
    third.report("probe", "success");
    expect(JSON.parse(readFileSync(pathOf(), "utf8"))).toEqual({ name: "closed" });
    expect(open(clock).ask()).toBe("go");
  });

  it("that makes no sense, or speaks of next year, does no harm", () => {
    fail(open(), 20);
    writeFileSync(pathOf(), "{ half");
    expect(open().ask()).toBe("go");
    const clock = virtualClock();
    writeFileSync(pathOf(), JSON.stringify({ name: "open", untilMs: clock.now() + 31_536_000_000 }));
    const breaker = open(clock);
    expect(breaker.ask()).toBe("refuse");
    clock.advance(60_000);
    expect(breaker.ask()).toBe("probe");
  });

  it("that cannot be written is said in the log, and the circuit works all the same", () => {
    writeFileSync(join(folder, "run"), "a file where a folder should be");
    const lines: LogLine[] = [];
    const breaker = open(virtualClock(), lines);
    fail(breaker, 20);
    expect(breaker.ask()).toBe("refuse");
    expect(lines.map(({ event }) => event)).toEqual(["pusher_breaker_opened", "pusher_breaker_not_kept"]);
  });
});

describe("the timer", () => {
  it("visits each link once a second, never all in one turn, and is the only timer of a connected link", () => {
    const { clock, network, open } = linkWorld();
    const all = Array.from({ length: 100 }, () => open());
    for (const wire of network.wires) wire.open();
    expect(clock.timers).toBe(1);
    for (const link of all) link.close();
    for (const wire of network.wires) wire.end();
    expect(clock.timers).toBe(0);
  });

  it("spreads the visits, and forgets who left", () => {
    const clock = virtualClock();
    const ticker = new LinkTicker(clock);
    const visits = Array.from({ length: 25 }, () => 0);
    const stops = visits.map((_, index) => ticker.add(() => (visits[index] = (visits[index] ?? 0) + 1)));
    let most = 0;
    for (let i = 0; i < 30; i += 1) {
      const before = visits.reduce((sum, count) => sum + count, 0);
      clock.advance(100);
      most = Math.max(most, visits.reduce((sum, count) => sum + count, 0) - before);
    }
    expect(new Set(visits)).toEqual(new Set([3]));
    expect(most).toBe(3);
    stops[0]?.();
    stops[0]?.();
    clock.advance(1_000);
    expect(visits.slice(0, 2)).toEqual([3, 4]);
    for (const stop of stops) stop();
    expect(clock.timers).toBe(0);
  });
});

describe("where no pusher is configured", () => {
  it("says each finished conversation loudly, counts it, and connects nowhere", () => {
    const { links, open, network, said, clock } = linkWorld({ url: undefined });
    expect(said("no_pusher_configured")).toHaveLength(1);
    const link = open();
    link.announce("a");
    link.transcript("a", []);
    link.process(handOff("a"), "queued");
    link.process(handOff("b"), "blocked");
    links.admitted("c");
    clock.advance(600_000);
    expect(said("handoff_without_pusher").map(({ level, conversationId }) => [level, conversationId])).toEqual([
      ["error", "a"],
      ["error", "b"],
      ["error", "c"],
    ]);
    expect(links.figures()).toMatchObject({ withoutPusher: 3, pending: 0 });
    expect([network.wires.length, clock.timers, link.connected]).toEqual([0, 0, false]);
    link.close();
  });

  it("is not the case where one is configured", () => {
    const { links } = linkWorld();
    links.admitted("a");
    expect(links.figures().withoutPusher).toBe(0);
  });

  it.each(["pusher:8788", "ftp://pusher", "not a URL"])("refuses %s at the start", (url) => {
    expect(() => linkWorld({ url })).toThrow("HOSTED_PUSHER_API_URL");
  });
});
