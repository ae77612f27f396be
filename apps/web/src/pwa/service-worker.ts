/**
 * The service worker: keeps the files of one build of the page, so that it opens without a network, and nothing else. What the
 * server says of recordings and conversations is never kept or answered here; recordings have a log of their own.
 *
 * - An address of the page is asked of the server first, so that nobody is left behind on an old build, and answered from the
 *   kept first page where no server is, or it is in trouble, or it takes too long.
 * - A file with a hash in its name is the same for ever: kept, it is not asked for again. Languages are kept once they are used.
 * - A new build is fetched beside the old one and takes over when no page of the old one is open any more, or a page says so.
 *
 * It imports nothing, so that its output is a script of its own. The build writes the names of the files (plugins/service-worker.ts).
 */
import type { WorkerMessage } from "./messages.ts";

/** The part of a service worker's global that is needed; the library of types for it excludes that of pages. */
interface ServiceWorkerGlobal {
  readonly location: Location;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
  addEventListener(type: "message", listener: (event: MessageEvent<WorkerMessage>) => void): void;
}
interface ExtendableEvent {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

/** Replaced by the build. */
declare const BUILD: { readonly name: string; readonly files: readonly string[] };

const scope = globalThis as unknown as ServiceWorkerGlobal;
const PREFIX = "holdfast-page-";
const FIRST_PAGE = "/";
const PATIENCE_MS = 4_000;
/** Addresses that are not of the page. */
const NOT_PAGE = /^\/(v\d+|docs|health|metrics)(\/|$)/;

scope.addEventListener("install", (event) => event.waitUntil(keepBuild()));
scope.addEventListener("activate", (event) => event.waitUntil(takeOver()));
scope.addEventListener("message", ({ data, ports }) => {
  if (data.type === "has") ports[0]?.postMessage(BUILD.files.includes(data.file));
  if (data.type === "take over") void scope.skipWaiting();
});
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== scope.location.origin || NOT_PAGE.test(pathname)) return;
  if (request.mode === "navigate") event.respondWith(firstPage(request));
  else if (pathname.startsWith("/assets/")) event.respondWith(asset(event));
  else if (BUILD.files.includes(pathname)) event.respondWith(fetch(request).catch(async () => await kept(pathname)));
});

/** Files that an older build has are not fetched again. All of them, or the build is not installed. */
async function keepBuild(): Promise<void> {
  const cache = await caches.open(PREFIX + BUILD.name);
  await Promise.all(
    BUILD.files.map(async (file) => {
      const isForEver = file.startsWith("/assets/");
      const known = isForEver ? await caches.match(file) : undefined;
      const answer = known ?? (await fetch(file, { cache: isForEver ? "default" : "no-cache" }));
      if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
      await cache.put(file, answer);
    }),
  );
}

async function takeOver(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== PREFIX + BUILD.name);
  await Promise.all(old.map((name) => caches.delete(name)));
  await scope.clients.claim();
}

async function firstPage(request: Request): Promise<Response> {
  const asked = fetch(request);
  // A slow answer that is not waited for may still fail.
  asked.catch(() => {});
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), PATIENCE_MS));
  const answer = await Promise.race([asked, late]).catch(() => undefined);
  if (answer !== undefined && answer.status < 500) return answer;
  return (await caches.match(FIRST_PAGE, { ignoreVary: true })) ?? (await asked);
}

async function asset(event: FetchEvent): Promise<Response> {
  const { request } = event;
  const known = await caches.match(request, { ignoreVary: true });
  if (known !== undefined) return known;
  const answer = await fetch(request);
  if (answer.ok) {
    const copy = answer.clone();
    event.waitUntil(caches.open(PREFIX + BUILD.name).then((cache) => cache.put(request, copy)));
  }
  return answer;
}

async function kept(file: string): Promise<Response> {
  return (await caches.match(file, { ignoreVary: true })) ?? Response.error();
}
