/**
 * The door of the gateway: a session that cannot begin is refused before the upgrade, with a reason and a time to come back,
 * and those that are in stay in. Real gateway, real database, no speech needed.
 */
import { type LiveClient, waitFor } from "@holdfast/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { startWorld, type World } from "./world.ts";

let world: World;
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const QUERY = "codec=pcm16&sample_rate=16000&language=en";

async function open(settings: Readonly<Record<string, string>>): Promise<World> {
  world = await startWorld(settings);
  await world.start("server");
  return world;
}

const refused = async (client: LiveClient) => await waitFor("the refusal", () => client.refused);

describe("the door", () => {
  it("holds back a user with too many sessions, not the others, and lets them in again", async () => {
    await open({ HOLDFAST_MAX_SESSIONS_PER_USER: "2" });
    await using first = await world.listen(QUERY).opened();
    await using second = await world.listen(QUERY).opened();
    await waitFor("both sessions", () => first.events.length > 0 && second.events.length > 0);
    expect(await refused(world.listen(QUERY))).toEqual({ status: 429, retryAfter: "30" });
    expect(first.closed ?? second.closed).toBeUndefined();
    await first.close();
    await waitFor("a place", async () => {
      await using next = world.listen(QUERY);
      return await waitFor("an answer", () => next.refused?.status ?? (next.events.length > 0 && 101)).then(
        (n) => n === 101,
      );
    });
  });

  it("is closed while all places are taken", async () => {
    await open({ HOLDFAST_MAX_SESSIONS: "0" });
    expect(await refused(world.listen(QUERY))).toEqual({ status: 503, retryAfter: "15" });
  });

  it("is closed while the disk has no room", async () => {
    await open({ HOLDFAST_MIN_FREE_MB: "1000000000" });
    const answer = await waitFor("the disk to be looked at", async () => {
      await using client = world.listen(QUERY);
      return await waitFor("an answer", () => client.refused ?? (client.events.length > 0 && "in")).then(
        (found) => typeof found === "object" && found,
      );
    });
    expect(answer).toEqual({ status: 503, retryAfter: "60" });
  });
});
