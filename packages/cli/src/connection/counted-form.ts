/** Sends a form with `fetch` and counts its bytes on their way. Files are read from disk while they are sent. */
import type { FormRequest } from "@holdfast/client";

export async function sendCountedForm({ url, headers, form, signal, onProgress }: FormRequest): Promise<Response> {
  // A Response knows how to write a form as multipart, and says with which boundary.
  const written = new Response(form);
  const type = written.headers.get("content-type") ?? "multipart/form-data";
  let sent = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      sent += chunk.length;
      onProgress(sent);
      controller.enqueue(chunk);
    },
  });
  return await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": type },
    body: written.body?.pipeThrough(counter) ?? null,
    signal,
    duplex: "half",
  });
}
