/**
 * `/docs`: the API for people, and `/docs/openapi.json` for programs. The page is ours; everything behind it is loaded at the
 * first visit and served by a Fastify of its own that the request is handed to.
 */
import fastifyHelmet from "@fastify/helmet";
import type { App } from "../http/context.ts";
import { DOCS_POLICY } from "../http/security-headers.ts";
import { describedApp } from "./document.ts";
import { DOCS_PAGE, DOCS_SCRIPT } from "./page.ts";

export function registerDocs(app: App): void {
  let loading: Promise<App> | undefined;
  const options = { helmet: false, schema: { hide: true } } as const;
  const page = { helmet: DOCS_POLICY, schema: { hide: true } } as const;

  app.get("/docs", options, async (_request, reply) => await reply.redirect("/docs/"));
  app.get("/docs/", page, async (_request, reply) => await reply.type("text/html; charset=utf-8").send(DOCS_PAGE));
  app.get("/docs/start.js", page, async (_request, reply) => await reply.type("text/javascript").send(DOCS_SCRIPT));
  app.get("/docs/*", options, async (request, reply) => {
    loading ??= docsApp().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    const docs = await loading;
    reply.hijack();
    docs.routing(request.raw, reply.raw);
  });
  app.addHook("onClose", async () => {
    if (loading !== undefined) await (await loading).close();
  });
}

async function docsApp(): Promise<App> {
  const { default: scalar } = await import("@scalar/fastify-api-reference");
  const app = await describedApp();
  await app.register(fastifyHelmet, DOCS_POLICY);
  await app.register(scalar, { routePrefix: "/docs" });
  app.get("/docs/json", { schema: { hide: true } }, async () => app.swagger());
  await app.ready();
  return app;
}
