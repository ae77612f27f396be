/** The link of one session over a scripted network and a clock that the test moves: what it sends, when, and what it keeps. */
import { readFrames } from "@holdfast/contract";
import { describe, expect, it } from "vitest";
import type { PusherLink } from "../../src/listen/pusher-link.ts";
import { handOff, type LinkWorld, linkWorld, spokenSegment } from "./link-network.ts";

const segments = (...ids: string[]) => ids.map(spokenSegment);
const sound = (conversationId: string, capturedAtMs: number, hex: string, durationMs = 20) => ({
  conversationId,
  capturedAtMs,
  durationMs,
  bytes: Buffer.from(hex, "hex"),
});

/** A world with one link that is connected. */
function connected(options: Parameters<LinkWorld["open"]>[0] = {}): LinkWorld & { readonly link: PusherLink } {
  const world = linkWorld();
  const link = world.open(options);
  world.network.last.open();
  return { ...world, link };
}

/** Ends the newest connection and lets the link make another. */
function reconnect({ network, clock }: LinkWorld): void {
  network.last.end();
  clock.advance(1_000);
  network.last.open();
}

describe("connecting", () => {
  it("names user, rate and format, and carries the token", () => {
    const { network } = connected();
    expect(network.last.url.href).toBe(
      "ws://pusher.test:8788/v1/trigger/listen?uid=u1&sample_rate=16000&codec=opus_fs320",
    );
    expect(network.last.headers).toEqual({ authorization: "Bearer secret" });
  });

  it.each([
    ["pcm16", "?uid=u1&sample_rate=16000"],
    ["pcm8", "?uid=u1&sample_rate=16000&codec=pcm8&audio_layout=linear16"],
  ] as const)("%s: says no more than the reference where it need not", (codec, query) => {
    const { network } = connected({ codec, layout: () => "linear16" });
    expect(network.last.url.search).toBe(query);
  });

  it("tries again a second after the first connect failed, then 1, 2, 4 … s apart, six times, then each minute", () => {
    const { clock, network, open, links, said } = linkWorld();
    const start = clock.now();
    const triedAfter: number[] = [];
    network.onConnect = (wire) => {
      triedAfter.push((clock.now() - start) / 1_000);
      clock.after(0, () => wire.end("connection refused"));
    };
    const link = open();
    clock.advance(240_000);
    expect(triedAfter).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
    expect(link.connected).toBe(false);
    expect(links.figures().links.degraded).toBe(1);
    expect(said("pusher_link_backoff").map(({ attempts }) => attempts)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(said("pusher_link_degraded").map(({ from }) => from)).toEqual([
      "reconnect_backoff",
      "half_open_probe",
      "half_open_probe",
    ]);
    expect(said("pusher_link_probe")).toHaveLength(2);
    network.onConnect = (wire) => clock.after(0, wire.open);
    clock.advance(10_000);
    expect([link.connected, links.figures().links.connected]).toEqual([true, 1]);
  });

  it("gives a handshake ten seconds, and ignores what that socket says later", () => {
    const { clock, network, open } = linkWorld();
    const link = open();
    clock.advance(9_999);
    expect(network.last.ended).toEqual([]);
    clock.advance(1);
    const [first] = network.wires;
    expect(first?.ended).toEqual(["terminate"]);
    first?.open();
    first?.end();
    expect([link.connected, network.wires.length]).toEqual([false, 1]);
    clock.advance(1_000);
    network.last.open();
    expect([link.connected, network.wires.length]).toEqual([true, 2]);
  });

  it("survives a connect that throws", () => {
    const { clock, open } = linkWorld({
      connect: () => {
        throw new Error("no such protocol");
      },
    });
    const link = open();
    clock.advance(10_000);
    expect(link.connected).toBe(false);
  });

  it("notices an end at once, with nothing to send", () => {
    const { link, network, said, clock } = connected();
    network.last.end("closed with 1012");
    expect(link.connected).toBe(false);
    expect(said("pusher_link_lost")).toMatchObject([{ level: "warn", why: "closed with 1012" }]);
    clock.advance(1_000);
    network.last.open();
    expect(said("pusher_link_recovered")).toHaveLength(1);
  });

  it("finds a peer that is silent: a ping each 30 s, an answer within 60 s", () => {
    const { link, network, clock, said } = connected();
    clock.advance(300_000);
    expect([link.connected, network.last.pings]).toEqual([true, 10]);
    network.last.answersPings = false;
    clock.advance(30_000);
    expect(network.last.pings).toBe(11);
    clock.advance(60_000);
    expect(link.connected).toBe(true);
    clock.advance(1_100);
    expect([link.connected, network.wires[0]?.ended]).toEqual([false, ["terminate"]]);
    expect(said("pusher_link_lost")).toMatchObject([{ why: "no pong" }]);
  });

  it("sends a heartbeat each 20 s while connected, and none else", () => {
    const { network, clock } = connected();
    clock.advance(100_500);
    expect(network.last.heartbeats).toBe(5);
    const [first] = network.wires;
    network.last.end();
    network.onConnect = (wire) => wire.end();
    clock.advance(100_000);
    expect(first?.heartbeats).toBe(5);
  });
});

describe("conversations", () => {
  it("are announced once, and again on every new connection", () => {
    const world = connected();
    const { link, network } = world;
    link.announce("a");
    link.announce("a");
    expect(network.last.said).toEqual(["103 a"]);
    reconnect(world);
    expect(network.last.said).toEqual(["103 a"]);
    link.announce("b");
    expect(network.last.said).toEqual(["103 a", "103 b"]);
  });

  it("that began while there was no connection are announced with the next", () => {
    const { network, open } = linkWorld();
    const link = open();
    link.announce("a");
    link.announce("b");
    network.last.open();
    expect(network.last.said).toEqual(["103 b"]);
  });
});

describe("words", () => {
  it("go out within a second, together, with their conversation", () => {
    const { link, network, clock } = connected();
    link.transcript("a", segments("1"));
    link.transcript("a", segments("2", "3"));
    link.transcript("b", segments("4"));
    expect(network.last.said).toEqual([]);
    clock.advance(1_000);
    expect(network.last.said).toEqual(["102 a: 1 2 3", "102 b: 4"]);
    clock.advance(10_000);
    expect(network.last.said).toHaveLength(2);
  });

  it("return to the front when a send fails, which ends the connection", () => {
    const { link, network, clock, said } = connected();
    link.announce("a");
    link.transcript("a", segments("1", "2"));
    network.last.mode = "fail";
    clock.advance(1_000);
    expect(link.connected).toBe(false);
    expect(said("pusher_link_lost")).toMatchObject([{ why: "a send failed" }]);
    link.transcript("a", segments("3"));
    clock.advance(1_000);
    network.last.open();
    expect(network.last.said).toEqual(["103 a", "102 a: 1 2 3"]);
  });

  it("that the socket never took are sent again, those it took are not", () => {
    const { link, network, clock } = connected();
    link.transcript("a", segments("1"));
    clock.advance(1_000);
    network.last.mode = "keep";
    link.transcript("a", segments("2"));
    clock.advance(1_000);
    link.transcript("a", segments("3"));
    clock.advance(5_000);
    expect(network.last.said).toEqual(["102 a: 1", "102 a: 2"]);
    network.last.end();
    clock.advance(1_000);
    network.last.open();
    expect(network.last.said).toEqual(["102 a: 2 3"]);
  });

  it("fill only their buffer while a pusher does not read, for as long as it takes", () => {
    const { link, network, clock, links } = connected();
    network.last.mode = "keep";
    for (let i = 0; i < 3_000; i += 1) {
      link.transcript("a", segments(String(i)));
      if (i % 100 === 0) clock.advance(1_000);
    }
    expect(network.last.frames).toHaveLength(1);
    expect(links.figures().dropped.segments).toBe(1_999);
    network.last.end();
    clock.advance(1_000);
    network.last.open();
    const sent = network.last.frames.flatMap((frame) => (frame.kind === "transcript" ? frame.payload.segments : []));
    expect([sent.length, sent[0]?.id, sent.at(-1)?.id]).toEqual([1_000, "2000", "2999"]);
    for (const frame of network.last.frames) {
      expect(frame.kind === "transcript" && frame.payload.segments.length).toBeLessThanOrEqual(200);
    }
  });
});

describe("sound", () => {
  it("is sent only while somebody wants it", () => {
    let wanted = false;
    const { link, network, clock } = connected({ codec: "pcm16", wantsAudio: () => wanted });
    link.audio(sound("a", 1_000, "0100"));
    clock.advance(1_000);
    wanted = true;
    link.audio(sound("a", 1_020, "0200"));
    clock.advance(1_000);
    wanted = false;
    link.audio(sound("a", 1_040, "0300"));
    clock.advance(1_000);
    expect(network.last.said).toEqual(["103 a", "101 1.02 0200"]);
  });

  it("is not wanted by itself", () => {
    const { link, network, clock } = connected({ codec: "pcm16" });
    link.audio(sound("a", 1_000, "0100"));
    clock.advance(1_000);
    expect(network.last.said).toEqual([]);
  });

  it("of one run is one frame with the time of its first sample; samples travel bare", () => {
    const { link, network, clock } = connected({ codec: "pcm16", wantsAudio: () => true });
    link.announce("a");
    link.audio(sound("a", 1_000, "0100"));
    link.audio(sound("a", 1_020, "0200"));
    link.audio(sound("a", 5_000, "0300"));
    clock.advance(1_000);
    expect(network.last.said).toEqual(["103 a", "101 1 01000200", "101 5 0300"]);
  });

  it("that is encoded travels as length-prefixed messages", () => {
    const { link, network, clock } = connected({ wantsAudio: () => true });
    link.audio(sound("a", 1_000, "b8aabb"));
    link.audio(sound("a", 1_020, "b8cc"));
    clock.advance(1_000);
    const [, frame] = network.last.frames;
    const { frames } = readFrames(frame?.kind === "audio" ? frame.payload : new Uint8Array(0));
    expect(frames.map((message) => Buffer.from(message).toString("hex"))).toEqual(["b8aabb", "b8cc"]);
  });

  it("of a conversation that just ended is sent as its own, before the next is announced", () => {
    const { link, network, clock } = connected({ codec: "pcm16", wantsAudio: () => true });
    link.announce("a");
    link.audio(sound("a", 1_000, "0100"));
    link.announce("b");
    expect(network.last.said).toEqual(["103 a"]);
    link.audio(sound("b", 1_020, "0200"));
    clock.advance(1_000);
    expect(network.last.said).toEqual(["103 a", "101 1 0100", "103 b", "101 1.02 0200"]);
  });

  it("that waits for a new connection comes after the announcement of its own conversation", () => {
    const { link, network, clock } = connected({ codec: "pcm16", wantsAudio: () => true });
    link.announce("a");
    network.last.end();
    link.audio(sound("a", 1_000, "0100"));
    link.announce("b");
    clock.advance(1_000);
    network.last.open();
    expect(network.last.said).toEqual(["103 a", "101 1 0100", "103 b"]);
  });

  it("returns to the front of its queue when a send fails", () => {
    const { link, network, clock } = connected({ codec: "pcm16", wantsAudio: () => true });
    link.audio(sound("a", 1_000, "0100"));
    network.last.mode = "fail";
    clock.advance(1_000);
    link.audio(sound("a", 1_020, "0200"));
    clock.advance(1_000);
    network.last.open();
    expect(network.last.said).toEqual(["103 a", "101 1 01000200"]);
  });

  it("of a link whose URL was made before `pcm8` was understood goes over a new one", () => {
    let layout: "linear8" | "linear16" = "linear8";
    const { link, network, clock } = connected({ codec: "pcm8", layout: () => layout, wantsAudio: () => true });
    layout = "linear16";
    link.audio(sound("a", 1_000, "0100"));
    clock.advance(1_000);
    network.last.open();
    expect(network.wires.map(({ url }) => url.searchParams.get("audio_layout"))).toEqual(["linear8", "linear16"]);
    expect(network.wires.map(({ said }) => said.length)).toEqual([0, 2]);
  });
});

describe("speaker samples", () => {
  it("go at once, or with the next connection, at most 50", () => {
    const { link, network, clock } = connected();
    const sample = (person_id: string) => ({ person_id, conversation_id: "a", segment_ids: ["1"] });
    link.speakerSample(sample("p"));
    expect(network.last.said).toEqual(["105 p"]);
    network.last.end();
    for (let i = 0; i < 60; i += 1) link.speakerSample(sample(String(i)));
    clock.advance(1_000);
    network.last.open();
    expect(network.last.said).toEqual(Array.from({ length: 50 }, (_, i) => `105 ${i + 10}`));
  });
});

describe("finished conversations", () => {
  it("are asked for at once, with the job that is in the store", () => {
    const { link, network } = connected();
    link.process(handOff("a", 3), "queued");
    expect(network.last.frames).toEqual([
      {
        kind: "process",
        request: {
          conversation_id: "a",
          language: "en",
          byok_keys: {},
          finalization_job_id: "job-a",
          dispatch_generation: 3,
          finalization_result_protocol: 2,
        },
      },
    ]);
  });

  it("that wait for words are nobody's to ask for", () => {
    const { link, network, links } = connected();
    link.process(handOff("a"), "blocked");
    expect([network.last.said, links.figures().pending]).toEqual([[], 0]);
  });

  it("are all asked for again by every new connection, until they are answered or settled", () => {
    const world = connected();
    const { link, network, links, results } = world;
    for (const id of ["a", "b", "c"]) link.process(handOff(id), "queued");
    network.last.answer({ conversation_id: "a", success: true });
    expect(results).toEqual([{ conversation_id: "a", success: true }]);
    reconnect(world);
    expect(network.last.said).toEqual(["104 b", "104 c"]);
    link.settled("b");
    reconnect(world);
    expect(network.last.said).toEqual(["104 c"]);
    expect(links.figures()).toMatchObject({ pending: 1, reconnects: 2 });
  });

  it("are asked for again after 120 s, with a fresh budget after a reconnect", () => {
    const world = connected();
    const { link, network, clock, said, links } = world;
    link.process(handOff("a"), "queued");
    clock.advance(510_000);
    expect(network.last.said).toHaveLength(4);
    expect(said("pusher_pending_retry").map(({ retries }) => retries)).toEqual([1, 2, 3]);
    expect(said("pusher_pending_resting")).toHaveLength(1);
    expect(links.figures().retries).toBe(4);
    reconnect(world);
    clock.advance(510_000);
    expect(network.last.said).toHaveLength(4);
  });

  it("are not timed while there is no connection", () => {
    const { link, network, clock, lines } = connected();
    network.last.end();
    link.process(handOff("a"), "queued");
    network.onConnect = (wire) => wire.end();
    clock.advance(1_000_000);
    expect(lines.filter(({ event }) => event.startsWith("pusher_pending"))).toEqual([]);
    network.onConnect = (wire) => clock.after(0, wire.open);
    clock.advance(61_000);
    expect(network.last.said).toEqual(["104 a"]);
  });

  it("beyond a hundred are left to the store, loudly", () => {
    const { link, network, links, said } = connected();
    for (let i = 0; i < 101; i += 1) link.process(handOff(`c${i}`), "queued");
    expect(links.figures()).toMatchObject({ pending: 100, overflows: 1 });
    expect(said("pusher_pending_overflow")).toMatchObject([{ level: "error", conversationId: "c0" }]);
    expect(network.last.said).toHaveLength(101);
  });

  it("whose request cannot be sent show that the connection is over, and are asked for by the next", () => {
    const { link, network, clock } = connected();
    network.last.mode = "fail";
    link.process(handOff("a"), "queued");
    expect(link.connected).toBe(false);
    clock.advance(1_000);
    network.last.open();
    expect(network.last.said).toEqual(["104 a"]);
  });

  it("are not asked for by a connection that ends while it is greeted", () => {
    const { network, clock, open, links } = linkWorld();
    const link = open();
    link.announce("a");
    link.process(handOff("a"), "queued");
    network.last.mode = "fail";
    network.last.open();
    expect([link.connected, links.figures().pending]).toEqual([false, 1]);
    clock.advance(1_000);
    network.last.open();
    expect(network.last.said).toEqual(["103 a", "104 a"]);
  });
});

describe("closing", () => {
  it("sends sound, then words, says goodbye, and leaves nothing behind", () => {
    const { link, network, clock, links } = connected({ codec: "pcm16", wantsAudio: () => true });
    link.announce("a");
    link.transcript("a", segments("1"));
    link.audio(sound("a", 1_000, "0100"));
    link.close();
    link.close();
    expect(network.last.said).toEqual(["103 a", "101 1 0100", "102 a: 1"]);
    expect(network.last.ended).toEqual(["close 1000"]);
    network.last.end("closed with 1000");
    expect(clock.timers).toBe(0);
    clock.advance(600_000);
    expect(network.wires).toHaveLength(1);
    expect(links.figures().links.connected).toBe(0);
  });

  it("sends the last words also behind what the socket has not taken", () => {
    const { link, network, clock } = connected();
    network.last.mode = "keep";
    link.transcript("a", segments("1"));
    clock.advance(1_000);
    link.transcript("a", segments("2"));
    link.close();
    expect(network.last.said).toEqual(["102 a: 1", "102 a: 2"]);
  });

  it("gives the other side three seconds", () => {
    const { link, network, clock } = connected();
    link.close();
    clock.advance(2_999);
    expect(network.last.ended).toEqual(["close 1000"]);
    clock.advance(1);
    expect(network.last.ended).toEqual(["close 1000", "terminate"]);
  });

  it("while connecting, waiting or resting ends that too", () => {
    for (const waitMs of [0, 500, 200_000]) {
      const { clock, network, open } = linkWorld();
      network.onConnect = (wire) => clock.after(waitMs === 0 ? 60_000 : 0, () => wire.end());
      const link = open();
      clock.advance(waitMs);
      const { length } = network.wires;
      link.close();
      network.last.open();
      clock.advance(600_000);
      expect([network.wires.length, link.connected, clock.timers]).toEqual([length, false, 0]);
    }
  });
});
