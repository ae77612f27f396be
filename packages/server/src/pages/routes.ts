/**
 * The web app: its files, and its first page for every address that is not an API route, since the app has addresses of its
 * own. Files with a hash in their name may be kept for ever; the first page is asked for each time. Where the app was not
 * built, a page says so and how to build it.
 */
import { access } from "node:fs/promises";
import { join, sep } from "node:path";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { App, HttpContext } from "../http/context.ts";
import { answerNotFound } from "../http/errors.ts";
import { NOT_BUILT_PAGE } from "./not-built.ts";

const SHARED = "/shared/";
const API = /^\/(v\d+|docs|health|metrics|assets)(\/|$|\?)/;

export async function registerPages(app: App, { webRoot }: Pick<HttpContext, "webRoot">): Promise<void> {
  const root = webRoot;
  const isBuilt =
    root !== undefined &&
    (await access(join(root, "index.html")).then(
      () => true,
      () => false,
    ));
  if (isBuilt) {
    const { default: fastifyStatic } = await import("@fastify/static");
    await app.register(fastifyStatic, {
      root,
      cacheControl: false,
      setHeaders(reply, path) {
        const hashed = path.startsWith(join(root, "assets") + sep);
        void reply.header("cache-control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
      },
    });
  } else {
    app.get("/", { schema: { hide: true } }, async (_request, reply) => notBuilt(reply));
  }
  app.setNotFoundHandler(async (request, reply) => {
    if (!isPage(request)) return await answerNotFound(request, reply);
    // What somebody shares by link is for those who have the link, not for search engines.
    if (request.url.startsWith(SHARED)) void reply.header("x-robots-tag", "noindex, nofollow");
    return isBuilt ? reply.sendFile("index.html") : notBuilt(reply);
  });
}

/** A person's browser asking for an address of the web app. */
function isPage(request: FastifyRequest): boolean {
  const wantsHtml = request.headers.accept?.includes("text/html") === true;
  return (request.method === "GET" || request.method === "HEAD") && wantsHtml && !API.test(request.url);
}

function notBuilt(reply: FastifyReply): FastifyReply {
  return reply.code(503).type("text/html; charset=utf-8").header("cache-control", "no-store").send(NOT_BUILT_PAGE);
}
