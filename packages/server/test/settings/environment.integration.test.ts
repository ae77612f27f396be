/** What is set in the environment goes before what the owner stores, is not changed by the page, and lends its key to nobody. */
import { createToken, OWNER_USER_ID, storeLanguageModel } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestGateway } from "../support/gateway.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

it("a language model of the environment is shown by its host alone and cannot be changed", async () => {
  const env = { HOLDFAST_LLM_URL: "https://u:secret-a@llm.example/v1?key=secret-b", HOLDFAST_LLM_KEY: "secret-c" };
  await using gateway = await startTestGateway(server, { env });
  const token = await createToken(gateway.db, { userId: OWNER_USER_ID, name: "test", nowMs: Date.now() });
  await storeLanguageModel(gateway.db, { url: "http://stored.example", model: "m", key: "secret-d" }, Date.now());
  const path = "/v1/settings/language-model";
  const shown = await gateway.ask(path, { token });
  const body = await shown.text();
  expect(JSON.parse(body)).toEqual({ origin: "environment", url: "llm.example", model: "gpt-4o-mini", has_key: true });
  expect(body).not.toContain("secret");
  const headers = { "content-type": "application/json" };
  const asked = JSON.stringify({ url: "http://localhost:11434", model: "m" });
  for (const init of [{ method: "PUT", body: asked, headers }, { method: "DELETE" }]) {
    const refused = await gateway.ask(path, { token, ...init });
    expect([refused.status, await refused.json()]).toMatchObject([409, { code: "set_in_environment" }]);
  }
});
