/** The scope of the upload routes: the only place where multipart bodies are parsed, and where nothing else is. */
import multipart from "@fastify/multipart";
import type { FastifyPluginAsync } from "fastify";
import type { App, HttpContext } from "../http/context.ts";
import { registerSoundRoutes } from "./sound-routes.ts";
import { registerSyncRoutes } from "./sync-routes.ts";

export async function registerUploads(app: App, context: HttpContext): Promise<void> {
  const routes: FastifyPluginAsync = async (scope) => {
    scope.removeAllContentTypeParsers();
    await scope.register(multipart);
    // Whatever else is sent: the route says that the files are missing, and nobody reads the body.
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null, undefined));
    const uploads = scope as unknown as App;
    registerSyncRoutes(uploads, context);
    registerSoundRoutes(uploads, context);
  };
  await app.register(routes);
}
