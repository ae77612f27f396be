/** Sends a form by XMLHttpRequest: the one way of a browser to tell how much of an upload has left. */
import type { FormTransport } from "@holdfast/client";

export const sendForm: FormTransport = ({ url, headers, form, signal, onProgress }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      const type = request.getResponseHeader("content-type");
      const retryAfter = request.getResponseHeader("retry-after");
      resolve(
        new Response(request.responseText, {
          status: request.status,
          headers: {
            ...(type === null ? {} : { "content-type": type }),
            ...(retryAfter === null ? {} : { "retry-after": retryAfter }),
          },
        }),
      );
    };
    request.onerror = () => reject(new TypeError("the upload did not reach the server"));
    request.onabort = () => reject(new DOMException("the upload was given up", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    if (signal.aborted) request.abort();
    else request.send(form);
  });
