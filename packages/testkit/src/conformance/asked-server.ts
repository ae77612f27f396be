/** A server that is asked questions, and recordings to ask it with. */
import { randomBytes } from "node:crypto";
import { recordingName, writeFrames } from "@holdfast/contract";

export interface ServerTarget {
  /** Base URL, `http:` or `https:`. */
  readonly url: string;
  readonly token: string;
}

export interface ServerAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined where it is not JSON. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export class AskedServer {
  readonly target: ServerTarget;

  constructor(target: ServerTarget) {
    this.target = target;
  }

  async ask(path: string, init: RequestInit = {}): Promise<ServerAnswer> {
    const response = await fetch(path.startsWith("http") ? path : `${this.target.url}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${this.target.token}`, ...init.headers },
    });
    const text = await response.text();
    const { status, headers } = response;
    return { status, headers, body: text.startsWith("{") ? JSON.parse(text) : undefined };
  }

  async upload(...files: readonly NamedBytes[]): Promise<ServerAnswer> {
    const form = new FormData();
    for (const { name, bytes } of files) form.append("files", new Blob([bytes]), name);
    return await this.ask("/v2/sync-local-files", { method: "POST", body: form });
  }
}

let count = 0;

/** So much PCM as a `.bin`, a few minutes old, whose bytes nobody has sent before. */
export function freshRecording(frames = 50): NamedBytes {
  count += 1;
  const startedAtMs = Math.floor(Date.now() / 1000 - 600 - count) * 1000;
  const name = recordingName({
    device: "conformance",
    codec: "pcm16",
    sampleRate: 16_000,
    frameSamples: 160,
    startedAtMs,
  });
  // Noise at the edge of silence: nothing to hear, and no two alike.
  const silence = Array.from({ length: frames }, () =>
    randomBytes(320).map((byte, at) => (at % 2 === 0 ? byte & 1 : 0)),
  );
  return { name, bytes: new Uint8Array(writeFrames(silence)) };
}

export const told = ({ status, body }: ServerAnswer): string =>
  `HTTP ${status} ${JSON.stringify(body) ?? "without JSON"}`;
