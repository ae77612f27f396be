/** The web app's files, the API description, and the headers around them. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openApiDocument } from "../src/index.ts";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "holdfast-pages-"));
  await mkdir(join(folder, "dist", "assets"), { recursive: true });
  await writeFile(join(folder, "secret.txt"), "secret");
  await writeFile(join(folder, "dist", "index.html"), "<!doctype html><title>app</title>");
  await writeFile(join(folder, "dist", "worklet.js"), "registerProcessor()");
  await writeFile(join(folder, "dist", "assets", "app-abc123.js"), "export {}");
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

const HTML = { headers: { accept: "text/html,application/xhtml+xml" }, token: null };
const withPages = async (): Promise<TestGateway> => await startTestGateway(server, { webRoot: join(folder, "dist") });

describe("the web app", () => {
  it("is its first page at every address that is not the API's", async () => {
    await using gateway = await withPages();
    for (const path of ["/", "/conversations/123", "/settings?tab=a", "/v", "/index.html"]) {
      const answer = await gateway.ask(path, HTML);
      expect([path, answer.status, await answer.text()]).toEqual([path, 200, "<!doctype html><title>app</title>"]);
      expect(answer.headers.get("cache-control")).toBe("no-cache");
    }
  });

  it("keeps hashed files for ever, and is honest about files that are not there", async () => {
    await using gateway = await withPages();
    const asset = await gateway.ask("/assets/app-abc123.js", HTML);
    expect(asset.status).toBe(200);
    expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(asset.headers.get("content-type")).toContain("javascript");
    expect((await gateway.ask("/worklet.js", HTML)).headers.get("cache-control")).toBe("no-cache");
    for (const path of ["/assets/app-old.js", "/v1/nothing", "/v9/x", "/health/none", "/metrics/none"]) {
      const answer = await gateway.ask(path, HTML);
      expect([path, answer.status, await answer.json()]).toEqual([path, 404, { detail: "Not Found" }]);
    }
    expect((await gateway.ask("/no-page", { token: null })).status).toBe(404);
    expect((await gateway.ask("/", { ...HTML, method: "POST" })).status).toBe(404);
  });

  it("never leaves its folder", async () => {
    await using gateway = await withPages();
    for (const path of [
      "/..%2fsecret.txt",
      "/%2e%2e/secret.txt",
      "/assets/..%2f..%2fsecret.txt",
      "/..%5csecret.txt",
      "/%00",
    ]) {
      const body = await (await gateway.ask(path, { token: null })).text();
      expect(body).not.toContain("secret");
    }
  });

  it("asks search engines to leave alone what is shared by link, and only that", async () => {
    await using gateway = await withPages();
    const robots = async (path: string): Promise<string | null> =>
      (await gateway.ask(path, HTML)).headers.get("x-robots-tag");
    expect([await robots("/shared/key"), await robots("/conversations/1")]).toEqual(["noindex, nofollow", null]);
  });

  it("says how to build itself where it was not built", async () => {
    for (const webRoot of [undefined, join(folder, "nowhere")]) {
      await using gateway = await startTestGateway(server, webRoot === undefined ? {} : { webRoot });
      for (const path of ["/", "/conversations/1"]) {
        const answer = await gateway.ask(path, HTML);
        expect(answer.status).toBe(503);
        expect(await answer.text()).toContain("npm run build:web");
      }
      expect((await gateway.ask("/v1/users/me")).status).toBe(200);
    }
  });

  it("is allowed what comes from this server, and nothing inline or from other hosts", async () => {
    await using gateway = await withPages();
    const answer = await gateway.ask("/", HTML);
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    for (const kind of ["script", "style", "img", "media", "connect"]) expect(policy).toContain(`${kind}-src 'self'`);
    expect(policy).not.toMatch(/https?:|wss?:|data:|blob:|\*|unsafe|upgrade-insecure/);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("strict-transport-security")).toBeNull();
    expect(answer.headers.get("server")).toBeNull();
  });
});

describe("the API description", () => {
  it("is the checked-in one", async () => {
    const checkedIn = await readFile(new URL("../../../docs/openapi.json", import.meta.url), "utf8");
    const made = `${JSON.stringify(await openApiDocument(), null, 2)}\n`;
    expect(made === checkedIn, "docs/openapi.json is stale: run node scripts/openapi.ts").toBe(true);
  });

  it("is served for programs and for people, from this host only", async () => {
    await using gateway = await startTestGateway(server);
    const expected: unknown = JSON.parse(JSON.stringify(await openApiDocument()));
    expect(await (await gateway.ask("/docs/json", { token: null })).json()).toEqual(expected);
    const page = await gateway.ask("/docs", { token: null });
    const html = await page.text();
    expect(page.url).toBe(`${gateway.url}/docs/`);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none';script-src 'self';");
    expect(html.match(/(?:src|href)="https?:/g)).toBeNull();
    expect((await gateway.ask("/docs/start.js", { token: null })).headers.get("content-type")).toContain("javascript");
    const script = await gateway.ask("/docs/js/scalar.js", { token: null });
    expect(script.status).toBe(200);
    expect((await script.text()).length).toBeGreaterThan(100_000);
    expect((await gateway.ask("/docs/nothing", { token: null })).status).toBe(404);
  });

  it("names every route with its answers", async () => {
    const document = (await openApiDocument()) as { paths: Record<string, Record<string, { responses: object }>> };
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((m) => `${m} ${path}`),
    );
    expect(routes).toContain("post /v2/sync-local-files");
    expect(routes).toContain("get /v1/conversations/{id}/finalization");
    expect(routes.length).toBeGreaterThanOrEqual(20);
    const answers = document.paths["/v1/conversations/{id}"]?.get?.responses;
    expect(JSON.stringify(answers)).toContain("#/components/schemas/Conversation");
  });
});
