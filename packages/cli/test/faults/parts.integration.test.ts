/**
 * Speech, gateway and PostgreSQL killed, hung and restarted while somebody speaks through the real client library (issue 3,
 * "Proof"). Each row has a database, a gateway, a pusher and a worker of its own, and its own copy of what it harms.
 */
import { CLOSE } from "@holdfast/contract";
import { JFK_WORDS, waitFor } from "@holdfast/testkit";
import { expect } from "vitest";
import { leftTheDevice, waitsForWords, wordsStopped } from "./moments.ts";
import { type Row, testRows } from "./row.ts";
import { pressStop, type Stage, speak } from "./stage.ts";

const roles = ["server", "pusher", "worker"] as const;
const withSpeech = [...roles, "speech"] as const;
const withoutWorker = ["server", "pusher"] as const;

/** Presses stop only when the last words are on the screen. */
async function speakAndRead(stage: Stage, pace: number): Promise<void> {
  await speak(stage, pace);
  await waitFor("the last words", () => stage.device.screen.length >= JFK_WORDS.length - 1, 60_000);
  await pressStop(stage);
}

/** The worker would repair what nobody came back for in time; on a slow machine it must not be quicker than the device. */
async function comeBack({ world, device }: Stage): Promise<void> {
  await waitFor("the device to be back", () => device.readies > 1, 60_000);
  await world.start("worker");
}

const ROWS: readonly Row[] = [
  {
    what: "gateway killed",
    when: "and the device never comes back: the worker repairs and ends the conversation",
    roles,
    hears: 0,
    session: speak,
    async strike(stage) {
      const { world, device } = stage;
      await waitFor("everything to be safe", () => device.isSafe, 90_000);
      await world.kill("server");
      device.close();
      await leftTheDevice(stage);
      // Two minutes of silence, said to the database instead of waited for.
      const finished_at = new Date(Date.now() - 180_000);
      await world.db.updateTable("conversations").set({ finished_at }).execute();
    },
  },
  {
    what: "speech hung",
    when: "in the middle of an utterance; it goes on when the gateway has noticed",
    roles: withSpeech,
    session: speakAndRead,
    async strike(stage) {
      const speech = stage.world.role("speech");
      await stage.device.inTheMiddle();
      speech.hang();
      await wordsStopped(stage);
      speech.goOn();
    },
  },
  {
    what: "speech hung",
    when: "in the middle of an utterance until after the end",
    roles: withSpeech,
    repaired: true,
    async strike(stage) {
      const speech = stage.world.role("speech");
      await stage.device.inTheMiddle();
      speech.hang();
      await waitsForWords(stage);
      speech.goOn();
    },
  },
  {
    what: "speech killed",
    when: "in the middle of an utterance",
    roles: withSpeech,
    session: speakAndRead,
    async strike(stage) {
      await stage.device.inTheMiddle();
      await stage.world.kill("speech");
      await wordsStopped(stage);
      await stage.world.start("speech");
    },
  },
  {
    what: "speech killed",
    when: "in the middle of an utterance and away until after the end",
    roles: withSpeech,
    repaired: true,
    async strike(stage) {
      await stage.device.inTheMiddle();
      await stage.world.kill("speech");
      await waitsForWords(stage);
      await stage.world.start("speech");
    },
  },
  {
    what: "gateway killed",
    when: "in the middle of an utterance; the device comes back and goes on",
    roles: withoutWorker,
    async strike(stage) {
      await stage.device.inTheMiddle();
      await stage.world.kill("server");
      await stage.world.start("server");
      await comeBack(stage);
    },
  },
  {
    what: "gateway restarted in order",
    when: "in the middle of an utterance",
    roles: withoutWorker,
    async strike(stage) {
      await stage.device.inTheMiddle();
      expect(await stage.world.role("server").stop()).toBe(0);
      await stage.world.start("server");
      await comeBack(stage);
    },
    after: ({ device }) => expect(device.closeCodes[0]).toBe(CLOSE.serviceRestart),
  },
  {
    what: "PostgreSQL killed",
    when: "in the middle of an utterance",
    roles,
    async strike(stage) {
      await stage.device.inTheMiddle();
      await stage.world.crashDatabase();
    },
  },
  {
    what: "PostgreSQL restarted in order",
    when: "in the middle of an utterance",
    roles,
    async strike(stage) {
      await stage.device.inTheMiddle();
      await stage.world.restartDatabase();
    },
  },
];

testRows(ROWS);
