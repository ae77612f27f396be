/**
 * The OpenAPI description, made from the routes themselves. A second Fastify that never listens gets the same routes, so the
 * libraries for it are loaded only when somebody asks, and the description cannot differ from what is served.
 */
import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import {
  type Config,
  Conversation,
  Memory,
  parseConfig,
  SegmentSchema,
  Structured,
  SyncAccepted,
  SyncJobView,
  SyncResult,
} from "@holdfast/contract";
import { silentLog } from "@holdfast/core";
import type { BlobStore, Db } from "@holdfast/store";
import type { FastifyPluginAsync } from "fastify";
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from "fastify-type-provider-zod";
import { z } from "zod";
import { registerHealth } from "../health/routes.ts";
import { bareApp } from "../http/bare-app.ts";
import type { App, HttpContext } from "../http/context.ts";
import { registerApi } from "../http/routes.ts";
import { createPusherLinks } from "../listen/pusher-links.ts";

/** Shapes that many routes share are described once. */
const SHARED = { Conversation, Structured, Segment: SegmentSchema, Memory, SyncAccepted, SyncJobView, SyncResult };
const schemaRegistry = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries(SHARED)) schemaRegistry.add(schema, { id });

const FILES = { type: "array", items: { type: "string", format: "binary" } };
/** Multipart bodies are streamed and never validated as a whole, so they are described here. */
const MULTIPART: Readonly<Record<string, object>> = {
  "/v2/sync-local-files": { type: "object", required: ["files"], properties: { files: FILES } },
  "/v1/uploads": {
    type: "object",
    required: ["file"],
    properties: { file: FILES, started_at: { type: "string", description: "ISO 8601 or Unix milliseconds" } },
  },
};

const toJsonSchema = createJsonSchemaTransform({ schemaRegistry });
const addShared = createJsonSchemaTransformObject({ schemaRegistry });

const DESCRIPTION: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: "3.1.0",
    info: {
      title: "Holdfast",
      version: "1",
      description:
        "Conversations and uploads of a Holdfast server. Live sound goes over the WebSocket `/v4/listen`. " +
        'Omi-compatible routes answer errors as `{"detail": …}`, `/v1/uploads` as problem+json (RFC 9457).',
    },
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    security: [{ token: [] }],
  },
  transform(route) {
    const described = toJsonSchema(route);
    const body = route.schema?.consumes === undefined ? undefined : MULTIPART[route.url];
    return body === undefined ? described : { ...described, schema: { ...described.schema, body } };
  },
  transformObject(document) {
    const described = addShared(document);
    // No request takes a shared shape, so the variants for requests would only be in the way.
    const schemas = "components" in described ? described.components?.schemas : undefined;
    for (const name of Object.keys(schemas ?? {})) if (name.endsWith("Input")) delete schemas?.[name];
    return described;
  },
};

/** A Fastify with every described route and `swagger()`; it is ready and not listening. */
export async function describedApp(): Promise<App> {
  const { default: swagger } = await import("@fastify/swagger");
  const app = bareApp();
  await app.register(swagger, DESCRIPTION);
  const routes: FastifyPluginAsync = async (scope) => {
    const described = scope as unknown as App;
    const context = contextThatIsNeverUsed();
    registerHealth(described, context, NO_METRICS);
    await registerApi(described, context);
  };
  await app.register(routes);
  return app;
}

/** The description as a plain object. */
export async function openApiDocument(): Promise<object> {
  const app = await describedApp();
  try {
    await app.ready();
    return app.swagger();
  } finally {
    await app.close();
  }
}

const NO_METRICS = { contentType: "text/plain", observe: () => {}, refused: () => {}, render: async () => "" };

/** Routes take these when they are added and use them when they are called, which never happens here. */
function contextThatIsNeverUsed(): HttpContext {
  const config: Config = parseConfig({});
  const unused = async (): Promise<never> => {
    throw new Error("the description is not served");
  };
  const parts = {
    clock: { now: () => 0, after: () => ({ cancel() {} }), every: () => ({ cancel() {} }) },
    random: { next: () => 0, uuid: () => "" },
    log: silentLog,
  };
  return {
    db: {} as Db,
    blobs: {} as BlobStore,
    config,
    ...parts,
    webRoot: undefined,
    tokens: { check: unused, forgetUser() {} },
    listen: {
      handleUpgrade() {},
      ...{ endConversation: unused, checkSessions: unused, drain: unused, close: unused },
      sessionCount: () => 0,
    },
    links: createPusherLinks({ ...parts, url: "http://pusher.invalid", token: undefined }),
    draining: new AbortController().signal,
  };
}
