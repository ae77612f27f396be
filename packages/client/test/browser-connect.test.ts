import { describe, expect, test, vi } from "vitest";
import { browserConnect, type CloseInfo, type WebSocketLike } from "../src/index.ts";

interface FakeSocket {
  onopen: ((event: { type: string }) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  readonly sent: (string | Uint8Array)[];
}

function open(): {
  fake: FakeSocket;
  url: string;
  said: string[];
  opened: () => number;
  closed: CloseInfo[];
  send(): void;
} {
  const fake = { onopen: null, onmessage: null, onclose: null, sent: [] } as FakeSocket;
  let url = "";
  const said: string[] = [];
  const closed: CloseInfo[] = [];
  const opened = vi.fn();
  const socket = browserConnect((address) => {
    url = address;
    const like: WebSocketLike = Object.assign(fake, {
      send: (data: string | Uint8Array) => void fake.sent.push(data),
      close: () => {},
      bufferedAmount: 3,
    });
    return like;
  })(
    { server: "https://host/", token: "secret", query: { codec: "opus", first_sequence: "4" } },
    { opened, message: (text) => said.push(text), closed: (info) => closed.push(info) },
  );
  return {
    fake,
    url,
    said,
    opened: () => opened.mock.calls.length,
    closed,
    send: () => socket.send(Uint8Array.of(1, 2, 3)),
  };
}

describe("the browser's way in", () => {
  test("the token goes in the first message, never in the address", () => {
    const { fake, url } = open();
    expect(url).toBe("wss://host/v4/web/listen?codec=opus&first_sequence=4");
    fake.onopen?.({ type: "open" });
    expect(fake.sent).toEqual([JSON.stringify({ type: "auth", token: "secret" })]);
  });

  test("it is open when the server has said so, not before", () => {
    const { fake, said, opened, send } = open();
    fake.onopen?.({ type: "open" });
    expect(opened()).toBe(0);
    fake.onmessage?.({ data: JSON.stringify({ type: "auth_response", success: true }) });
    expect(opened()).toBe(1);
    fake.onmessage?.({ data: "ping" });
    fake.onmessage?.({ data: new ArrayBuffer(2) });
    expect(said).toEqual(["ping"]);
    send();
    expect(fake.sent.at(-1)).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("a refused token is only a close", () => {
    const { fake, opened, closed } = open();
    fake.onmessage?.({ data: JSON.stringify({ type: "auth_response", success: false }) });
    fake.onclose?.({ code: 1008, reason: "Invalid token" });
    expect(opened()).toBe(0);
    expect(closed).toEqual([{ code: 1008, reason: "Invalid token" }]);
  });

  test("a first message that came too late is a lost connection, not a refusal", () => {
    const { fake, closed } = open();
    fake.onclose?.({ code: 1008, reason: "Auth timeout" });
    expect(closed).toEqual([{ code: 1006, reason: "Auth timeout" }]);
  });

  test("1008 after the admission keeps its meaning", () => {
    const { fake, closed } = open();
    fake.onmessage?.({ data: JSON.stringify({ type: "auth_response", success: true }) });
    fake.onclose?.({ code: 1008, reason: "" });
    expect(closed).toEqual([{ code: 1008, reason: "" }]);
  });
});
