/** A tus client as plain requests, so that a test can say what no library would. */
import { createHash } from "node:crypto";
import type { TestGateway } from "./gateway.ts";

export interface TusAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

type Ask = Pick<TestGateway, "ask">["ask"];

export const metadata = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString("base64")}`)
    .join(",");

export const checksum = (bytes: Uint8Array | string, algorithm = "sha256"): string =>
  `${algorithm} ${createHash(algorithm).update(bytes).digest("base64")}`;

export function tusClient(ask: Ask, token?: string) {
  const call = async (method: string, path: string, headers: Record<string, string>, body?: Uint8Array | string) => {
    const response = await ask(path, {
      method,
      headers: { "tus-resumable": "1.0.0", ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : new Uint8Array(body) }),
      ...(token === undefined ? {} : { token }),
    });
    const text = await response.text();
    const answer: TusAnswer = {
      status: response.status,
      headers: response.headers,
      body: text.startsWith("{") ? JSON.parse(text) : text,
    };
    return answer;
  };
  return {
    call,
    create: async (length: number, fields: Record<string, string>, headers: Record<string, string> = {}) =>
      await call("POST", "/v2/uploads", {
        "upload-length": String(length),
        "upload-metadata": metadata(fields),
        ...headers,
      }),
    patch: async (
      url: string,
      offset: number,
      bytes: Uint8Array | string,
      headers: Record<string, string> = {},
    ): Promise<TusAnswer> =>
      await call(
        "PATCH",
        url,
        { "content-type": "application/offset+octet-stream", "upload-offset": String(offset), ...headers },
        bytes,
      ),
    head: async (url: string) => await call("HEAD", url, {}),
    remove: async (url: string) => await call("DELETE", url, {}),
    look: async (url: string) => await call("GET", url, {}),
  };
}

export const locationOf = ({ headers }: TusAnswer): string => headers.get("location") ?? "";
export const offsetOf = ({ headers }: TusAnswer): number => Number(headers.get("upload-offset") ?? Number.NaN);
export const jobOf = ({ headers }: TusAnswer): string | null => headers.get("holdfast-job");
