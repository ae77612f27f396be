/**
 * Stands before the speech process: hands every question on, counts them, and keeps back the one that a row wants to last. While
 * it is kept the worker transcribes, for as long as the row needs.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "@holdfast/testkit";

export interface SpeechGate extends AsyncDisposable {
  readonly url: string;
  /** Questions since `begin`. */
  asked(): number;
  /** Counts from nothing and keeps the question of this number back; none unless told. */
  begin(kept?: number): void;
  /** Resolves when the question is there that is kept back. */
  held(): Promise<void>;
  letGo(): void;
}

/** Before the process at this URL. */
export async function startSpeechGate(target: string): Promise<SpeechGate> {
  let asked = 0;
  let kept = 0;
  let hold = Promise.withResolvers<void>();
  const pass = async (from: IncomingMessage, to: ServerResponse): Promise<void> => {
    if (from.method === "POST") {
      asked += 1;
      if (asked === kept) await hold.promise;
    }
    const { method = "GET", headers } = from;
    const onward = request(new URL(from.url ?? "/", target), { method, headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    onward.on("error", () => to.destroy());
    to.on("close", () => onward.destroy());
    from.pipe(onward);
  };
  const server = createServer((from, to) => void pass(from, to));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    begin(number = 0) {
      hold.resolve();
      hold = Promise.withResolvers<void>();
      asked = 0;
      kept = number;
    },
    async held() {
      await waitFor(`question ${kept}`, () => asked >= kept, 60_000);
    },
    letGo: () => hold.resolve(),
    async [Symbol.asyncDispose]() {
      hold.resolve();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
