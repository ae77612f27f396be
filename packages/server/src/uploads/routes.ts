/** The scope of the upload routes: the only place where multipart bodies are parsed, and where nothing else is. */
import multipart from "@fastify/multipart";
import type { FastifyPluginAsync } from "fastify";
import type { App, HttpContext } from "../http/context.ts";
import { createKnownLoad, type KnownLoad } from "../queue/load.ts";
import { registerQueue } from "../queue/owner.ts";
import { publishQuotas } from "../queue/publish.ts";
import { registerSyncStatus } from "../queue/status.ts";
import { registerDeprecatedRoutes } from "./deprecated-routes.ts";
import { type UploadKeys, uploadKeys } from "./keys.ts";
import { registerManifestRoutes } from "./manifest-routes.ts";
import { registerResumableRoutes } from "./resumable/routes.ts";
import { registerSoundRoutes } from "./sound-routes.ts";
import { registerSyncRoutes } from "./sync-routes.ts";

/** Uploads need nothing of the live sockets. */
export type UploadDeps = Omit<HttpContext, "listen" | "links" | "webRoot">;

export interface UploadContext extends UploadDeps {
  readonly uploadKeys: () => Promise<UploadKeys>;
  readonly queueLoad: KnownLoad;
}

export async function registerUploads(app: App, http: UploadDeps): Promise<void> {
  const context: UploadContext = { ...http, uploadKeys: uploadKeys(http), queueLoad: createKnownLoad(http) };
  registerManifestRoutes(app, context);
  registerSyncStatus(app, context);
  registerQueue(app, context);
  const routes: FastifyPluginAsync = async (scope) => {
    scope.removeAllContentTypeParsers();
    await scope.register(multipart);
    // Whatever else is sent: the route says that the files are missing, and nobody reads the body.
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null, undefined));
    const uploads = scope as unknown as App;
    publishQuotas(uploads, context);
    registerSyncRoutes(uploads, context);
    registerDeprecatedRoutes(uploads, context);
    registerSoundRoutes(uploads, context);
    await registerResumableRoutes(uploads, context);
  };
  await app.register(routes);
}
