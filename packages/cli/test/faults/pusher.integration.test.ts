/**
 * The pusher killed in each phase of its work, hung, flapping and absent, while the real client library speaks to the real
 * gateway (issue 3, "Proof"). Each row has a PostgreSQL, a gateway, a pusher and a worker of its own; the speech process is shared.
 */
import type { LlmStep } from "@holdfast/testkit";
import { expect } from "vitest";
import {
  afterLease,
  finalization,
  handedOver,
  leftTheDevice,
  modelThinks,
  receiverThinks,
  savedButNotSaid,
} from "./moments.ts";
import { type Row, speakAndStop, testRows } from "./row.ts";
import { ANSWER, type Stage, TITLE } from "./stage.ts";

const FLAP_MS = 1_000;
const roles = ["server", "pusher", "worker"] as const;

async function killAndStart({ world }: Stage): Promise<void> {
  await world.kill("pusher");
  await world.start("pusher");
}

/** Up for a second, killed, up again, until the conversation is over, and once more. */
async function flap(stage: Stage): Promise<void> {
  const over = handedOver(stage).then(() => true);
  const second = () => new Promise<false>((resolve) => setTimeout(resolve, FLAP_MS, false));
  let isOver = false;
  for (let flaps = 0; !isOver; flaps += 1) {
    isOver = (await Promise.race([over, second()])) && flaps >= 4;
    await killAndStart(stage);
  }
}

const ROWS: readonly Row[] = [
  {
    what: "pusher hung beyond its lease",
    when: "while the model thinks; another takes over, then it goes on and writes nothing",
    roles,
    asked: 2,
    async strike(stage) {
      const hung = Promise.withResolvers<void>();
      const tooLate: LlmStep = { kind: "json", answer: { title: "Too late", memories: ["Nobody knows this."] } };
      stage.llm.script({ kind: "held", until: hung.promise, next: tooLate }, ANSWER);
      await modelThinks(stage);
      stage.world.role("pusher").hang();
      hung.resolve();
      await stage.startAnother("pusher");
    },
    async after(stage) {
      const zombie = stage.world.role("pusher");
      zombie.goOn();
      await expect.poll(() => zombie.output(), { timeout: 20_000 }).toMatch(/finalization_stopped|lease_lost/u);
      const [row] = await stage.world.conversations();
      expect(row?.structured.title).toBe(TITLE);
      const memories = await stage.world.db.selectFrom("memories").select("content").execute();
      expect(memories.map(({ content }) => content)).not.toContain("Nobody knows this.");
      expect(stage.receiver.received).toHaveLength(1);
    },
  },
  {
    what: "pusher flapping every second",
    when: "from the first word to the hand-over and beyond",
    roles,
    pace: 1,
    strike: flap,
  },
  {
    what: "pusher killed",
    when: "after the lease, before it has read the conversation",
    roles,
    async strike(stage) {
      const pusher = stage.world.role("pusher");
      await stage.device.inTheMiddle();
      pusher.hang();
      await handedOver(stage);
      await afterLease(stage, pusher.goOn, () => stage.world.kill("pusher"));
      await stage.world.start("pusher");
    },
    after: expectSecondHolder,
  },
  {
    what: "pusher killed",
    when: "while the model thinks",
    roles,
    llm: [{ kind: "hang" }, ANSWER],
    asked: 2,
    async strike(stage) {
      await modelThinks(stage);
      await killAndStart(stage);
    },
    after: expectSecondHolder,
  },
  {
    what: "pusher killed",
    when: "during the fan-out",
    roles,
    receiver: ["hang"],
    posted: 2,
    async strike(stage) {
      await receiverThinks(stage);
      await killAndStart(stage);
    },
  },
  {
    what: "pusher killed",
    when: "after it has saved, before 201 is received",
    roles,
    gate: true,
    async strike(stage) {
      await stage.device.inTheMiddle();
      stage.gate?.holdAnswers();
      await savedButNotSaid(stage);
      await killAndStart(stage);
    },
  },
  {
    what: "pusher killed",
    when: "while somebody speaks, before 104; it comes back after the end",
    roles,
    async strike(stage) {
      await stage.device.inTheMiddle();
      await stage.world.kill("pusher");
      await handedOver(stage);
      await stage.world.start("pusher");
    },
  },
  {
    what: "pusher hung",
    when: "while somebody speaks; it goes on after the end",
    roles,
    async strike(stage) {
      const pusher = stage.world.role("pusher");
      await stage.device.inTheMiddle();
      pusher.hang();
      await handedOver(stage);
      expect(await finalization(stage)).toMatchObject({ state: "queued" });
      pusher.goOn();
    },
  },
  {
    what: "pusher absent",
    when: "for the whole session",
    roles: ["server", "worker"],
    hears: 0,
    async session(stage, pace) {
      await speakAndStop(stage, pace);
      await handedOver(stage);
      stage.device.close();
    },
    async strike(stage) {
      await leftTheDevice(stage);
      expect(await finalization(stage)).toMatchObject({ state: "queued" });
      await stage.world.start("pusher");
    },
  },
];

async function expectSecondHolder(stage: Stage): Promise<void> {
  const job = await finalization(stage);
  expect(job?.state).toBe("completed");
  expect(job?.epoch).toBeGreaterThanOrEqual(2);
}

testRows(ROWS);
