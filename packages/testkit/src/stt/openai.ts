/**
 * A server of OpenAI's batch transcription shape that says what a test tells it to. `answer` is asked for each request; by
 * default everything is transcribed as `hello`.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface OpenAiRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
  readonly file: Uint8Array;
  readonly fileName: string;
}

/** `hang` never answers; `cut` drops the connection; a body that is a string is sent as it is. */
export type OpenAiAnswer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body: object | string }
  | "hang"
  | "cut";

export interface ScriptedOpenAi {
  /** `http://127.0.0.1:port`, to be written after `openai+` in HOLDFAST_STT. */
  readonly url: string;
  readonly requests: readonly OpenAiRequest[];
  answer: (request: OpenAiRequest, count: number) => OpenAiAnswer | Promise<OpenAiAnswer>;
  close(): Promise<void>;
}

export async function startScriptedOpenAi(
  answer: ScriptedOpenAi["answer"] = () => ({ body: { text: "hello" } }),
): Promise<ScriptedOpenAi> {
  const requests: OpenAiRequest[] = [];
  const server = { answer };
  const http = createServer((request, response) => {
    void (async () => {
      const received = await readRequest(request);
      requests.push(received);
      const reply = await server.answer(received, requests.length);
      if (reply === "hang") return;
      if (reply === "cut") return response.destroy();
      const text = typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body);
      return response
        .writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers })
        .end(text);
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return Object.assign(server, {
    url: `http://127.0.0.1:${port}`,
    requests,
    async close(): Promise<void> {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  });
}

async function readRequest(request: IncomingMessage): Promise<OpenAiRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const headers = { "content-type": request.headers["content-type"] ?? "" };
  const form = await new Response(new Uint8Array(Buffer.concat(chunks)), { headers }).formData();
  const file = form.get("file");
  const isFile = file !== null && typeof file !== "string";
  const texts = [...form.entries()].filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return {
    path: request.url ?? "",
    authorization: request.headers.authorization,
    fields: Object.fromEntries(texts),
    file: isFile ? new Uint8Array(await file.arrayBuffer()) : new Uint8Array(0),
    fileName: isFile ? file.name : "",
  };
}
