/** Sends a form by XMLHttpRequest: the one way of a browser to tell how much of an upload has left. */
import type { FormTransport } from "@holdfast/client";

export const sendForm: FormTransport = ({ url, headers, form, signal, onProgress }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      const headers = headersOf(request.getAllResponseHeaders());
      resolve(new Response(request.responseText, { status: request.status, headers }));
    };
    request.onerror = () => reject(new TypeError("the upload did not reach the server"));
    request.onabort = () => reject(new DOMException("the upload was given up", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    if (signal.aborted) request.abort();
    else request.send(form);
  });

/** Lines of `name: value`, as XMLHttpRequest gives them. */
export function headersOf(lines: string): Headers {
  const headers = new Headers();
  for (const line of lines.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
}
