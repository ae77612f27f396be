/** What a client sends reaches its session whole and in order, over a real socket, however much of it is held for a moment. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Clock, Timer } from "@holdfast/core";
import { waitFor } from "@holdfast/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { Inbox } from "../../src/listen/inbox.ts";
import { Lots } from "../../src/listen/lots.ts";

/** A byte is so much sound. */
const soundMs = (data: Buffer): number => (data[0] ?? 0) % 100;

const ticks = new Set<() => void>();
const every = (_ms: number, call: () => void): Timer => {
  ticks.add(call);
  return { cancel: () => void ticks.delete(call) };
};
const clock: Clock = { now: () => 0, after: every, every };
const tick = (): void => {
  for (const call of [...ticks]) call();
};

let server: WebSocketServer;
let client: WebSocket;
let socket: WebSocket;
let inbox: Inbox;
beforeEach(async () => {
  ticks.clear();
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const opened = once(client, "open");
  [socket] = (await once(server, "connection")) as [WebSocket];
  inbox = new Inbox(socket, new Lots(clock));
  await opened;
});
afterEach(() => {
  client.terminate();
  server.close();
});

const sound = (ms: number): void => client.send(Uint8Array.of(ms));
const heard: string[] = [];
function open(): string[] {
  heard.length = 0;
  inbox.open((data, isBinary) => void heard.push(isBinary ? `${data[0]}` : data.toString()), soundMs);
  return heard;
}
/** Waits until everything sent so far was read by the server, held or not. */
async function read(): Promise<void> {
  client.ping();
  await once(client, "pong");
}

describe("an inbox", () => {
  it("brings what came before its session was ready first, and at once", async () => {
    inbox.first(() => {});
    client.send("token");
    for (const ms of [20, 21]) sound(ms);
    await waitFor("the pause", () => socket.isPaused);
    const got = open();
    await read();
    tick();
    tick();
    expect(got).toEqual(["20", "21"]);
  });

  it("holds small sound until three of a kind are together, and brings large sound at once", async () => {
    const got = open();
    for (const ms of [20, 21]) sound(ms);
    await read();
    expect(got).toEqual([]);
    sound(22);
    await waitFor("the lot", () => got.length === 3);
    sound(80);
    await waitFor("the large one", () => got.length === 4);
    expect(got).toEqual(["20", "21", "22", "80"]);
  });

  it("brings what is held before a text frame, when asked, by the second tick, and before the socket is over", async () => {
    const got = open();
    sound(1);
    client.send("text");
    await waitFor("the text", () => got.length === 2);
    sound(2);
    await read();
    inbox.deliver();
    sound(3);
    await read();
    expect(got).toEqual(["1", "text", "2"]);
    tick();
    tick();
    expect(got).toEqual(["1", "text", "2", "3"]);
    sound(4);
    const atClose: string[] = [];
    socket.on("close", () => atClose.push(...got));
    client.close();
    await waitFor("the end", () => atClose.length > 0);
    expect(atClose).toEqual(["1", "text", "2", "3", "4"]);
  });
});
