/**
 * The audio timeline of a link (reference listen-and-pusher 5.3), over a scripted network: what is sent before the answer, without
 * it, and to a pusher that answered once and no more.
 */
import { describe, expect, it } from "vitest";
import { handOff, type LinkWorld, linkWorld, spokenSegment } from "./link-network.ts";

const ASKED = { codec: "pcm16", wantsAudio: () => true } as const;
const sound = (capturedAtMs: number, hex: string) => ({
  ...{ conversationId: "a", capturedAtMs, durationMs: 20 },
  bytes: Buffer.from(hex, "hex"),
});

/** A world with one link whose socket is open, and which waits for an answer. */
function opened(): LinkWorld & { readonly link: ReturnType<LinkWorld["open"]> } {
  const world = linkWorld({ audioTimeline: true });
  const link = world.open(ASKED);
  link.announce("a");
  world.network.last.open();
  return { ...world, link };
}

function reconnect({ network, clock }: LinkWorld): void {
  network.last.end();
  clock.advance(1_000);
  network.last.open();
}

describe("a link that asks for the audio timeline", () => {
  it("says so in its URL, and is no link before the answer", () => {
    const { link, network, clock, links } = opened();
    expect(network.last.url.searchParams.get("audio_timeline")).toBe("2");
    link.transcript("a", [spokenSegment("1")]);
    link.audio(sound(1_000, "0100"));
    link.process(handOff("b"), "queued");
    link.speakerSample({ person_id: "p", conversation_id: "a", segment_ids: ["1"] });
    clock.advance(3_999);
    expect([link.connected, links.figures().links.reconnect_backoff, network.last.said]).toEqual([false, 1, []]);
    network.last.ack(2);
    expect([link.connected, links.figures().links.connected]).toEqual([true, 1]);
    expect(network.last.said).toEqual(["103 a", "101 1 0100", "102 a: 1", "105 p", "104 b"]);
    clock.advance(60_000);
    expect(network.wires).toHaveLength(1);
  });

  it("goes on as before with a pusher that never answers", () => {
    const { link, network, clock } = opened();
    link.audio(sound(1_000, "0100"));
    clock.advance(4_000);
    expect([link.connected, network.last.said]).toEqual([true, ["103 a", "101 1 0100"]]);
    link.audio(sound(2_000, "0200"));
    clock.advance(1_000);
    expect(network.last.said.at(-1)).toBe("101 2 0200");
  });

  it("takes an older version for no answer", () => {
    const { link, network, clock } = opened();
    network.last.ack(1);
    expect(link.connected).toBe(false);
    clock.advance(4_000);
    expect(link.connected).toBe(true);
  });

  it("withholds sound, and nothing else, from a pusher that answered once and does not now", () => {
    const world = opened();
    const { link, network, clock, links, said } = world;
    network.last.ack(2);
    reconnect(world);
    link.audio(sound(1_000, "0100"));
    link.transcript("a", [spokenSegment("1")]);
    link.process(handOff("b"), "queued");
    clock.advance(4_000);
    expect(link.connected).toBe(true);
    link.audio(sound(2_000, "0200"));
    clock.advance(1_000);
    expect([...network.last.said].sort()).toEqual(["102 a: 1", "103 a", "104 b"]);
    expect(links.figures().dropped.audioBytes).toBe(4);
    expect(said("pusher_link_sound_withheld")).toHaveLength(1);
    // What was withheld is a gap, also where the answer comes late.
    network.last.ack(2);
    link.audio(sound(3_000, "0300"));
    clock.advance(1_000);
    expect(network.last.said.filter((frame) => frame.startsWith("101"))).toEqual(["101 3 0300"]);
  });

  it("keeps sound while it has no connection, and gives it to the next pusher that answers", () => {
    const world = opened();
    const { link, network, clock } = world;
    network.last.ack(2);
    reconnect(world);
    clock.advance(4_000);
    network.last.end();
    link.audio(sound(1_000, "0100"));
    clock.advance(1_000);
    network.last.open();
    network.last.ack(2);
    expect(network.last.said).toEqual(["103 a", "101 1 0100"]);
  });

  it("tries again where the socket ends before the answer, and knows of no second wait", () => {
    const { link, network, clock } = opened();
    clock.advance(3_000);
    network.last.end();
    expect([link.connected, network.wires.length]).toEqual([false, 1]);
    clock.advance(1_000);
    network.last.open();
    network.last.ack(2);
    clock.advance(600_000);
    expect([link.connected, network.wires.length]).toEqual([true, 2]);
  });

  it("leaves nothing behind when it is closed while it waits", () => {
    const { link, network, clock } = opened();
    link.close();
    network.last.ack(2);
    network.last.end();
    expect(clock.timers).toBe(0);
    expect([link.connected, network.last.said]).toEqual([false, []]);
  });
});

it("an answer that nobody asked for means nothing", () => {
  const { network, open, clock } = linkWorld();
  const link = open(ASKED);
  link.announce("a");
  network.last.open();
  network.last.ack(2);
  network.last.end();
  clock.advance(1_000);
  network.last.open();
  link.audio(sound(1_000, "0100"));
  clock.advance(1_000);
  expect(network.last.url.searchParams.has("audio_timeline")).toBe(false);
  expect(network.last.said).toEqual(["103 a", "101 1 0100"]);
});
