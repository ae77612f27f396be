/** Whether the sound of conversations is kept for playback. It counts for conversations that are finished from then on. */
import { privateCloudSync, setPrivateCloudSync } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { flag } from "./input.ts";

export function registerSettings(app: App, { db, clock }: Pick<HttpContext, "db" | "clock">): void {
  const tags = ["account"];
  app.get(
    "/v1/users/private-cloud-sync",
    {
      schema: {
        tags,
        summary: "Is the sound of conversations kept?",
        response: { 200: z.object({ private_cloud_sync_enabled: z.boolean() }) },
      },
    },
    async ({ userId }) => ({ private_cloud_sync_enabled: await privateCloudSync(db, userId) }),
  );

  app.post(
    "/v1/users/private-cloud-sync",
    {
      schema: {
        tags,
        summary: "Keep the sound of conversations, or not",
        querystring: z.object({ value: flag }),
        response: { 200: z.object({ status: z.literal("ok") }) },
      },
    },
    async ({ userId, query }) => {
      await setPrivateCloudSync(db, userId, query.value, clock.now());
      return { status: "ok" as const };
    },
  );
}
