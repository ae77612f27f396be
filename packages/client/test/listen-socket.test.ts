import { HoldfastError, type Segment } from "@holdfast/contract";
import { LiveScript } from "@holdfast/testkit/gateway";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ListenSocket, type ListenSocketEvent, type ListenSocketOptions, MemoryMessageLog } from "../src/index.ts";
import { fixedRandom, ManualClock, settle } from "./manual-clock.ts";
import { type ScriptedLink, scriptedLink } from "./scripted-connect.ts";

const RECORDING = "0f6c5a4e-1111-4222-8333-444455556666";
const message = (n: number): Uint8Array => Uint8Array.of(n, n, n, n);

interface Rig {
  readonly clock: ManualClock;
  readonly script: LiveScript;
  readonly link: ScriptedLink;
  readonly log: MemoryMessageLog;
  readonly socket: ListenSocket;
  readonly events: ListenSocketEvent[];
  readonly statuses: () => string[];
  readonly held: () => number[];
}

const sockets: ListenSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

function rig(overrides: Partial<ListenSocketOptions> = {}, automatic = false): Rig {
  const clock = new ManualClock();
  const script = new LiveScript({ automatic });
  const link = scriptedLink(script);
  const log = new MemoryMessageLog();
  const socket = new ListenSocket({
    server: "http://server",
    token: "t",
    recordingId: RECORDING,
    codec: "opus_fs320",
    sampleRate: 16_000,
    connect: link.connect,
    clock,
    random: fixedRandom(),
    log,
    ...overrides,
  });
  sockets.push(socket);
  const events: ListenSocketEvent[] = [];
  socket.on((event) => events.push(event));
  return {
    clock,
    script,
    link,
    log,
    socket,
    events,
    statuses: () => events.flatMap((event) => (event.type === "status" ? [event.status] : [])),
    held: () => script.ledger.held(RECORDING).map((bytes) => bytes[0] ?? -1),
  };
}

function acknowledgeAll(script: LiveScript): void {
  for (const connection of script.open) script.acknowledge(connection);
}

describe("acknowledgement", () => {
  test("a message stays in the log until the server holds it, not until it was sent", async () => {
    const { socket, script, log } = rig();
    socket.start();
    await settle();
    socket.send(message(1));
    socket.send(message(2));
    expect(script.open[0]?.audio.received).toHaveLength(2);
    expect(log.start).toBe(0);
    expect(socket.unacknowledged).toEqual({ messages: 2, bytes: 8 });
    acknowledgeAll(script);
    expect(log.start).toBe(2);
    expect(socket.unacknowledged).toEqual({ messages: 0, bytes: 0 });
  });

  test("an acknowledgement of another recording frees nothing", async () => {
    const { socket, script, log } = rig();
    socket.start();
    await settle();
    socket.send(message(1));
    const [connection] = script.open;
    if (connection === undefined) throw new Error("no connection");
    script.say(connection, { type: "audio_ack", sequence: 1, recording_session_id: "another" });
    expect(log.start).toBe(0);
  });

  test("an acknowledgement that goes back, or is not a number, changes nothing", async () => {
    const { socket, script, log } = rig({}, true);
    socket.start();
    await settle();
    socket.send(message(1));
    socket.send(message(2));
    const [connection] = script.open;
    if (connection === undefined) throw new Error("no connection");
    for (const sequence of [1, 0, -1, "2", null, 1.5]) {
      script.say(connection, { type: "audio_ack", sequence, recording_session_id: RECORDING });
    }
    expect(log.start).toBe(2);
  });

  test("drain waits for what was taken before and after it was called", async () => {
    const { socket, script } = rig();
    const drained = vi.fn();
    socket.start();
    socket.send(message(1));
    void socket.drain().then(drained);
    await settle();
    socket.send(message(2));
    await settle();
    expect(drained).not.toHaveBeenCalled();
    acknowledgeAll(script);
    await settle();
    expect(drained).toHaveBeenCalledOnce();
  });

  test("drain of nothing is done at once, even before the start", async () => {
    await expect(rig().socket.drain()).resolves.toBeUndefined();
  });
});

describe("reconnecting", () => {
  test("names the first message it sends again and sends all that was not acknowledged", async () => {
    const { socket, script, link, clock, held } = rig();
    socket.start();
    await settle();
    socket.send(message(1));
    acknowledgeAll(script);
    socket.send(message(2));
    socket.send(message(3));
    const [connection] = script.open;
    if (connection !== undefined) script.drop(connection);
    socket.send(message(4));
    await clock.advance(1_000);
    expect(link.attempts.map((attempt) => attempt.first)).toEqual([0, 1]);
    acknowledgeAll(script);
    expect(held()).toEqual([1, 2, 3, 4]);
    expect(script.ledger.faults).toEqual([]);
    await expect(socket.drain()).resolves.toBeUndefined();
  });

  test("what was durable and never acknowledged is sent again and held once", async () => {
    const { socket, script, clock, held } = rig();
    socket.start();
    await settle();
    socket.send(message(1));
    socket.send(message(2));
    const [connection] = script.open;
    if (connection === undefined) throw new Error("no connection");
    script.ledger.flush(connection.audio);
    script.drop(connection);
    await clock.advance(1_000);
    acknowledgeAll(script);
    expect(held()).toEqual([1, 2]);
    expect(script.ledger.repeats).toBe(2);
    await expect(socket.drain()).resolves.toBeUndefined();
  });

  test("a server that says nothing for 25 s is left", async () => {
    const { socket, link, clock, statuses } = rig();
    socket.start();
    await settle();
    link.swallow = true;
    await clock.advance(24_900);
    expect(statuses().at(-1)).toBe("open");
    await clock.advance(200);
    expect(statuses().at(-1)).toBe("waiting");
  });

  test("a ping keeps the connection", async () => {
    const { socket, link, clock, statuses } = rig();
    socket.start();
    await settle();
    for (let i = 0; i < 10; i++) {
      await clock.advance(10_000);
      link.handlers()?.message("ping");
    }
    expect(statuses()).toEqual(["connecting", "open"]);
  });

  test("an attempt that hangs is given up after 15 s", async () => {
    const { socket, link, clock, statuses } = rig();
    link.hang = true;
    socket.start();
    await clock.advance(15_000);
    expect(statuses()).toEqual(["connecting", "waiting"]);
  });

  test("what an older connection still says is not heard", async () => {
    const { socket, script, link, clock, log } = rig();
    socket.start();
    await settle();
    socket.send(message(1));
    const old = link.handlers();
    const [connection] = script.open;
    if (connection !== undefined) script.drop(connection);
    await clock.advance(1_000);
    old?.message(JSON.stringify({ type: "audio_ack", sequence: 1, recording_session_id: RECORDING }));
    old?.closed({ code: 1008, reason: "" });
    expect(log.start).toBe(0);
    expect(socket.status).toBe("open");
  });

  test("a service_status with retry_after is waited for after the close that follows", async () => {
    const { socket, script, link, clock, events } = rig();
    socket.start();
    await settle();
    const [connection] = script.open;
    if (connection === undefined) throw new Error("no connection");
    script.say(connection, { type: "service_status", status: "stt_failed", retryable: true, retry_after: 9 });
    script.drop(connection);
    expect(events.at(-1)).toMatchObject({ type: "status", status: "waiting", retryInMs: 9_000 });
    await clock.advance(8_900);
    expect(link.attempts).toHaveLength(1);
    await clock.advance(200);
    expect(link.attempts).toHaveLength(2);
  });

  test("one that was said long before the close is forgotten", async () => {
    const { socket, script, clock, events } = rig();
    socket.start();
    await settle();
    const [connection] = script.open;
    if (connection === undefined) throw new Error("no connection");
    script.say(connection, { type: "service_status", status: "stt_degraded", retryable: true, retry_after: 600 });
    for (let i = 0; i < 4; i++) {
      await clock.advance(20_000);
      connection.peer.text("ping");
    }
    script.drop(connection);
    const waiting = events.at(-1);
    expect(waiting).toMatchObject({ type: "status", status: "waiting" });
    expect(waiting?.type === "status" ? waiting.retryInMs : null).toBeLessThan(10_000);
  });
});

describe("the end", () => {
  test.each([
    ["a refused token", { code: 1008, reason: "x" }, "auth", "refused_by_server"],
    ["a refused format", { code: 1003, reason: "x" }, "permanent_input", "audio_format_refused"],
    ["a revoked token", { code: 4004, reason: "x" }, "auth", "login_again"],
    ["an expired token that cannot be renewed", { code: 4001, reason: "x" }, "auth", "token_expired"],
    ["a refused upgrade", { code: 1006, reason: "x", httpStatus: 401 }, "auth", "unauthorized"],
    ["a route that is not there", { code: 1006, reason: "x", httpStatus: 404 }, "permanent_input", "not_found"],
  ])("%s ends it, and the log keeps everything", async (_name, info, failure, code) => {
    const { socket, link, clock, log } = rig();
    socket.start();
    await settle();
    socket.send(message(1));
    const drained = socket.drain();
    link.handlers()?.closed(info);
    await expect(drained).rejects.toMatchObject({ name: "HoldfastError", class: failure, code });
    await clock.advance(120_000);
    expect(link.attempts).toHaveLength(1);
    expect(log.end - log.start).toBe(1);
  });

  test.each([1001, 1006, 1011, 1012, 1013, 3000])("close code %i is followed by another try", async (code) => {
    const { socket, link, clock } = rig();
    socket.start();
    await settle();
    link.handlers()?.closed({ code, reason: "" });
    await clock.advance(1_000);
    expect(link.attempts).toHaveLength(2);
  });

  test("a token function is asked again after 4001", async () => {
    const tokens = ["old", "new"];
    const { socket, link, clock } = rig({ token: async () => tokens.shift() ?? "none" });
    socket.start();
    await settle();
    link.handlers()?.closed({ code: 4001, reason: "" });
    await clock.advance(1_000);
    expect(link.attempts.map((attempt) => attempt.token)).toEqual(["old", "new"]);
  });

  test("a token that cannot be fetched is asked for again", async () => {
    let calls = 0;
    const { socket, link, clock } = rig({
      token: () => {
        calls += 1;
        if (calls === 1) throw new Error("offline");
        return "t";
      },
    });
    socket.start();
    await clock.advance(1_000);
    expect(link.attempts).toHaveLength(1);
    expect(socket.status).toBe("open");
  });

  test("close ends everything, twice is once, and drain says so", async () => {
    const { socket, script, clock, statuses } = rig();
    socket.start();
    await settle();
    socket.send(message(1));
    const drained = socket.drain();
    socket.close();
    socket.close();
    await expect(drained).rejects.toMatchObject({ code: "closed" });
    await clock.advance(60_000);
    expect(script.open).toEqual([]);
    expect(statuses()).toEqual(["connecting", "open", "ended"]);
    expect(clock.pending).toBe(0);
  });

  test("drain can be given up without ending the link", async () => {
    const { socket } = rig();
    socket.start();
    await settle();
    socket.send(message(1));
    await expect(socket.drain(AbortSignal.abort())).rejects.toMatchObject({ code: "drain_aborted" });
    expect(socket.status).toBe("open");
  });
});

describe("what is said and sent", () => {
  test("events come typed, unknown ones too, and a ping is none", async () => {
    const { socket, script, events } = rig();
    socket.start();
    await settle();
    const [connection] = script.open;
    if (connection === undefined) throw new Error("no connection");
    events.length = 0;
    const segment = { id: "a", text: "Hello.", is_user: false, start: 0, end: 1 };
    connection.peer.text(JSON.stringify([segment]));
    connection.peer.text("[]");
    connection.peer.text("ping");
    connection.peer.text("{not json");
    script.say(connection, { type: "translating", segments: [] });
    script.say(connection, { type: "segments_deleted", segment_ids: ["a"] });
    expect(events.map((event) => event.type)).toEqual(["segments", "unknown", "unknown", "segments_deleted"]);
    const first = events[0];
    const segments: readonly Segment[] = first?.type === "segments" ? first.segments : [];
    expect(segments[0]).toMatchObject({ id: "a", text: "Hello.", speaker: "SPEAKER_00", translations: [] });
  });

  test("sending stops while the transport is full and goes on by itself", async () => {
    const { socket, script, link, clock } = rig();
    socket.start();
    await settle();
    link.bufferedAmount = 2_000_000;
    socket.send(message(1));
    expect(script.open[0]?.audio.received).toHaveLength(0);
    await clock.advance(200);
    link.bufferedAmount = 0;
    await clock.advance(50);
    expect(script.open[0]?.audio.received).toHaveLength(1);
  });

  test("a packet as short as a keep-alive is padded so that it counts", async () => {
    const { socket, script } = rig();
    socket.start();
    await settle();
    socket.send(Uint8Array.of(0b01001_000));
    const [sent] = script.open[0]?.audio.received ?? [];
    expect(sent).toEqual(Uint8Array.of(0b01001_011, 0x41, 0));
  });

  test("what can never be audio is refused and does not disturb the count", () => {
    const { socket, log } = rig({ codec: "pcm16" });
    expect(() => socket.send(Uint8Array.of(1, 2))).toThrow(HoldfastError);
    expect(log.end).toBe(0);
  });

  test("a listener that throws hurts no other, and its error is reported", () => {
    const { socket } = rig();
    const reported: (() => void)[] = [];
    vi.stubGlobal("queueMicrotask", (call: () => void) => reported.push(call));
    const off = socket.on(() => {
      throw new Error("listener");
    });
    const heard = vi.fn();
    socket.on(heard);
    socket.start();
    vi.unstubAllGlobals();
    off();
    expect(heard).toHaveBeenCalledOnce();
    // The scripted connection queues its answer in the same way.
    expect(reported).toHaveLength(2);
    expect(() => reported.forEach((call) => void call())).toThrow("listener");
  });
});
