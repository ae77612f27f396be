/**
 * Moments at which a row strikes, each seen from outside and none guessed: what the device was told, what the database holds,
 * what the language model and the receiver were asked, what waits for a lock.
 */
import type { Conversation } from "@holdfast/contract";
import type { Job } from "@holdfast/store";
import { waitFor, withTableLocked } from "@holdfast/testkit";
import type { Stage } from "./stage.ts";

const LONG_MS = 60_000;

/** The conversation is over: its status and its job are committed, and the device knows. */
export async function handedOver({ device }: Stage): Promise<void> {
  await waitFor("the hand-over", () => device.heard("memory_processing_started").length > 0, LONG_MS);
}

/** The finalisation job, as soon as there is one. */
export async function finalization({ world, device }: Stage): Promise<Pick<Job, "state" | "epoch"> | undefined> {
  const row = await world.db
    .selectFrom("jobs")
    .select(["state", "lease_epoch"])
    .where("kind", "=", "finalization")
    .where("conversation_id", "=", device.id)
    .executeTakeFirst();
  return row === undefined ? undefined : { state: row.state as Job["state"], epoch: row.lease_epoch };
}

/**
 * The job is leased, and its holder has not read all it needs: it stands still at a table that this test has locked, until
 * `strike` is done.
 */
export async function afterLease(stage: Stage, go: () => void, strike: () => Promise<void>): Promise<void> {
  await withTableLocked(stage.world.db, "photos", async (stuck) => {
    go();
    await waitFor("the lease", async () => (await finalization(stage))?.state === "leased", LONG_MS);
    await stuck();
    await strike();
  });
}

/** The language model has the question. */
export async function modelThinks({ llm }: Stage): Promise<void> {
  await waitFor("the question to the model", () => llm.requests.length === 1, LONG_MS);
}

/** Everything is written and told, and the answer to the gateway is on its way. */
export async function savedButNotSaid({ world, device, gate }: Stage): Promise<void> {
  await waitFor("the answer on the link", () => gate?.held().includes(device.id) === true, LONG_MS);
  await waitFor("the end of the fan-out", async () => {
    const rows = await world.db.selectFrom("jobs").select("state").where("kind", "=", "fanout").execute();
    return rows.some(({ state }) => state === "completed");
  });
}

/** The receiver of webhooks has the message and has not answered. */
export async function receiverThinks({ receiver }: Stage): Promise<void> {
  await waitFor("the webhook", () => receiver.received.length === 1, LONG_MS);
}

/** The gateway has told the device that no words come. */
export async function wordsStopped({ device }: Stage): Promise<void> {
  const told = () => device.heard("service_status").some(({ status }) => status === "stt_recovering");
  await waitFor("the loss of the recogniser to be noticed", told, LONG_MS);
}

/** The conversation says that it waits for words. */
export async function waitsForWords({ world, device }: Stage): Promise<void> {
  await waitFor(
    "the conversation to say why it waits",
    async () => {
      const response = await world.rest("GET", `/v1/conversations/${device.id}`);
      const view = (await response.json()) as Partial<Conversation>;
      return view.status === "processing" && view.state_reason === "awaiting_transcription";
    },
    LONG_MS,
  );
}

/** The device has ended its session. */
export async function leftTheDevice({ device }: Stage): Promise<void> {
  await waitFor("the device to leave", () => device.isClosed, LONG_MS);
}
