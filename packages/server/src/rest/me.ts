/** Who the token belongs to: what the page asks first, and the cheapest way to try a token. */
import { z } from "zod";
import type { App } from "../http/context.ts";

export function registerMe(app: App): void {
  app.get(
    "/v1/users/me",
    { schema: { tags: ["account"], summary: "Who am I", response: { 200: z.object({ uid: z.string() }) } } },
    async (request) => ({ uid: request.userId }),
  );
}
