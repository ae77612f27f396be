/** The rules that any server can be checked against, for a whole one of ours, and for one that breaks them. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startScriptedGateway, startWorld } from "@holdfast/testkit";
import { checkServer, conformanceText } from "@holdfast/testkit/conformance";
import { FileStore } from "@tus/file-store";
import { Server as TusServer } from "@tus/server";
import { expect, test } from "vitest";

test("this server keeps every rule", async () => {
  await using world = await startWorld();
  await world.start("speech", "pusher");
  await world.start("server");
  const report = await checkServer({ url: world.url, token: world.token });
  expect(report.conforms, conformanceText(report)).toBe(true);
  expect(report.results.filter(({ outcome }) => outcome !== "kept")).toEqual([]);
  expect(report.results).toHaveLength(15);
});

test("a server that is one by appearance only is told what it lacks", async () => {
  await using gateway = await startScriptedGateway();
  const report = await checkServer({ url: gateway.url, token: gateway.token });
  const of = (wanted: string): string[] =>
    report.results.filter(({ outcome }) => outcome === wanted).map(({ id }) => id);
  expect(report.conforms).toBe(false);
  // It takes any name and no files, and calls a conversation nothing where the client names none.
  expect(of("not_kept"), conformanceText(report)).toEqual(["R2", "R3", "L2"]);
  expect(of("not_offered")).toEqual(["T1", "T2"]);
});

test("a server that counts a replay twice is told so", async () => {
  await using gateway = await startScriptedGateway();
  const { ledger } = gateway.live;
  const open = ledger.open.bind(ledger);
  ledger.open = (id) => open(id, ledger.held(id).length);
  const report = await checkServer({ url: gateway.url, token: gateway.token });
  expect(conformanceText(report)).toMatch(/✗ L5 .*\n {6}audio_ack says 35 where 25 are durable/);
  expect(report.results.find(({ id }) => id === "L4")?.outcome).toBe("kept");
});

test("a server that acknowledges what is not durable, too late, or unasked is told so", async () => {
  await using early = await startScriptedGateway();
  const { ledger } = early.live;
  const flush = ledger.flush.bind(ledger);
  ledger.flush = (connection) => flush(connection) + 1;
  await using late = await startScriptedGateway();
  const greet = late.live.greet.bind(late.live);
  late.live.greet = (connection) => {
    const { query } = connection;
    const asked = query.get("audio_ack") ?? "";
    query.set("audio_ack", "not yet");
    greet(connection);
    query.set("audio_ack", asked);
  };
  await using unasked = await startScriptedGateway();
  const connect = unasked.live.connect.bind(unasked.live);
  unasked.live.connect = (query, peer) => {
    query.set("audio_ack", "enabled");
    return connect(query, peer);
  };
  const reports = await Promise.all(
    [early, late, unasked].map(async ({ url, token }) => conformanceText(await checkServer({ url, token }))),
  );
  expect(reports[0]).toMatch(/✗ L4 .*\n {6}audio_ack says 26 where 25 are durable/);
  expect(reports[1]).toMatch(/✗ L4 .*\n {6}the first audio_ack comes after ready/);
  expect(reports[2]).toMatch(/✗ L6 .*\n {6}audio_ack 25 came unasked/);
});

test("a server of something else, and one of tus alone, keep none of the rest", async () => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-tus-"));
  const tus = new TusServer({ path: "/v2/uploads", datastore: new FileStore({ directory }) });
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/v2/uploads") === true) return void tus.handle(request, response);
    request.resume().on("end", () => response.end("<html>Welcome</html>"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const report = await checkServer({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: "t" });
    const kept = report.results.filter(({ outcome }) => outcome === "kept").map(({ id }) => id);
    expect(kept, conformanceText(report)).toEqual(["T2"]);
    expect(conformanceText(report)).toMatch(/✗ T1 .*\n {6}the last answer names no job/);
    expect(report.results.filter(({ outcome }) => outcome === "not_offered")).toEqual([]);
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true, force: true });
  }
});
