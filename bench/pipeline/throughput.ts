/**
 * How many live sessions one gateway carries, and what a frame costs it: 50 Opus packets a second each, every one durable and
 * forwarded; then the same load on a server that only counts, and on one that counts and forwards.
 */
import { type CpuProfile, line, ms, percent, selfTimes, spread } from "./figures.ts";
import { inspectable, openInspector } from "./inspector.ts";
import type { LoadResult } from "./load.ts";
import { type Peer, startPeer } from "./peer.ts";
import { cpuSeconds, cpuShares, treeCpuSeconds, waitedSeconds } from "./process-cost.ts";
import { type Stack, startStack } from "./stack.ts";

export interface ThroughputOptions {
  readonly sessions: number;
  readonly seconds: number;
  /** Seconds before anything is measured. */
  readonly warmSeconds: number;
  readonly finalSeconds: number;
  readonly transcript: string;
  readonly pusher: boolean;
  readonly profile: boolean;
}

const FRAME_SECONDS = 0.02;

export async function measureThroughput(options: ThroughputOptions): Promise<void> {
  const gateway = await loadGateway(options);
  const bare = await loadPlain("bare", options);
  const relay = await loadPlain("relay", options);
  console.log(line("counting server: CPU, loop delay p99", `${percent(bare.share)}, ${ms(bare.loopP99Ms)}`));
  console.log(line("forwarding server: CPU, loop delay p99", `${percent(relay.share)}, ${ms(relay.loopP99Ms)}`));
  const each = [gateway, bare, relay].map(({ frameUs }) => `${frameUs.toFixed(1)} µs`).join(" / ");
  console.log(line("CPU per frame: gateway / counting / forwarding", each));
  console.log(line("gateway ÷ counting server", (gateway.frameUs / bare.frameUs).toFixed(2), "under 2.5"));
  console.log(line("gateway ÷ forwarding server", (gateway.frameUs / relay.frameUs).toFixed(2)));
}

interface Cost {
  /** Of one core. */
  readonly share: number;
  /** CPU per frame that really passed while it was measured, in microseconds. */
  readonly frameUs: number;
  readonly loopP99Ms: number;
}

/** CPU per frame of what a peer counts while `run` runs. */
async function framesDuring<T>(counter: Peer, run: () => Promise<T>): Promise<{ value: T; frames: number }> {
  const before = await counter.call<number>("frames");
  const value = await run();
  return { value, frames: (await counter.call<number>("frames")) - before };
}

async function loadGateway(options: ThroughputOptions): Promise<Cost> {
  const finalFrames = Math.round(options.finalSeconds / FRAME_SECONDS);
  const stack = await startStack({ ...options, finalFrames, frameSeconds: FRAME_SECONDS });
  const load = startPeer("load");
  try {
    const tokens = await stack.tokens(options.sessions);
    await load.call("open", { url: stack.liveUrl, sessions: options.sessions, tokens });
    const processes = {
      gateway: () => cpuSeconds(stack.gateway.pid),
      postgres: () => treeCpuSeconds(stack.databasePid),
      pusher: () => cpuSeconds(stack.pusher?.pid ?? 0),
      recogniser: () => cpuSeconds(stack.recogniser.pid),
      load: () => cpuSeconds(load.pid),
      waited: () => waitedSeconds(stack.gateway.pid),
    };
    const running = load.call("run", options);
    await pause(options.warmSeconds * 1_000);
    await stack.inspector.watchLoop();
    const wait = () => framesDuring(stack.recogniser, () => pause(options.seconds * 1_000 - 500));
    const measure = () => cpuShares(processes, wait);
    const { value: measured, profile } = options.profile
      ? await stack.inspector.profile(measure)
      : { value: await measure(), profile: undefined };
    const loop = await stack.inspector.loopDelay();
    await running;
    await load.call("acknowledged");
    await pause(1_000);
    const result = await load.call<LoadResult>("result");
    const forwarded = await stack.recogniser.call<number>("frames");
    await load.call("close");
    const { waited = 0, ...shares } = measured.shares;
    const used = Object.entries(shares).map(([name, share]) => `${name} ${percent(share)}`);
    console.log(line(`gateway with ${options.sessions} sessions: CPU`, percent(shares.gateway ?? 0), "under 80 %"));
    console.log(line("event loop delay p99, max", `${ms(loop.p99Ms)}, ${ms(loop.maxMs)}`, "under 20 ms"));
    console.log(line("all processes, of a core each", used.join(", ")));
    console.log(line("the gateway waited for a core that was busy", `${percent(waited)} of the time`));
    console.log(line("frames sent, durable, forwarded", await frames(stack, result, forwarded), "all"));
    console.log(line("acknowledged after", spread(result.ack)));
    console.log(line("the load was late by", spread(result.late)));
    if (profile !== undefined) printProfile(profile);
    const share = shares.gateway ?? 0;
    return { share, frameUs: (share * measured.wallSeconds * 1e6) / measured.value.frames, loopP99Ms: loop.p99Ms };
  } finally {
    await load.close();
    await stack.close();
  }
}

async function frames(stack: Stack, result: LoadResult, forwarded: number): Promise<string> {
  const { n } = await stack.db
    .selectFrom("recording_sessions")
    .select((eb) => eb.fn.sum<string>("durable_messages").as("n"))
    .executeTakeFirstOrThrow();
  const ended = result.closed === 0 ? "" : `; ${result.closed} sockets closed`;
  return `${result.sent}, ${n} (${result.acknowledged} acknowledged), ${forwarded}${ended}`;
}

async function loadPlain(kind: "bare" | "relay", options: ThroughputOptions): Promise<Cost> {
  const looked = await inspectable();
  const server = startPeer(kind, looked.env);
  const load = startPeer("load");
  const peers: Peer[] = [server, load];
  try {
    const inspector = await openInspector(looked.port);
    if (kind === "relay") {
      const sink = startPeer("bare");
      peers.push(sink);
      await server.call("forwardTo", { url: `ws://127.0.0.1:${await sink.call<number>("port")}` });
    }
    const url = `ws://127.0.0.1:${await server.call<number>("port")}/`;
    await load.call("open", { url, sessions: options.sessions, tokens: [] });
    const running = load.call("run", options);
    await pause(options.warmSeconds * 1_000);
    await inspector.watchLoop();
    const wait = () => framesDuring(server, () => pause(options.seconds * 1_000 - 500));
    const measured = await cpuShares({ server: () => cpuSeconds(server.pid) }, wait);
    const { p99Ms } = await inspector.loopDelay();
    await running;
    inspector.close();
    const share = measured.shares.server ?? 0;
    return { share, frameUs: (share * measured.wallSeconds * 1e6) / measured.value.frames, loopP99Ms: p99Ms };
  } finally {
    for (const peer of peers) await peer.close();
  }
}

function printProfile(profile: CpuProfile): void {
  for (const by of ["file", "function"] as const) {
    console.log(`  where the gateway's time goes, by ${by}:`);
    for (const { name, share } of selfTimes(profile, by, 25)) console.log(`    ${percent(share).padStart(7)}  ${name}`);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
