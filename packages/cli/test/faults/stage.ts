/**
 * Where one row of the table plays: a world of real processes with a PostgreSQL of its own, a language model and a receiver of
 * webhooks that do what the row says, and a device. Everything it starts ends with it, also where the row fails; what a row
 * that ran out of time left open is closed by `closeStages`.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setWebhook } from "@holdfast/store";
import {
  type Answer,
  freePort,
  type LlmStep,
  type Receiver,
  type RoleName,
  type ScriptedLlm,
  startReceiver,
  startRole,
  startScriptedLlm,
  startTcpGate,
  startWorld,
  type TcpGate,
  type TestRole,
  WORLD_TOKEN,
  type World,
  waitFor,
} from "@holdfast/testkit";
import { Device } from "./device.ts";

const USER = "u1";

export const TITLE = "What you can do";
export const ANSWER: LlmStep = {
  kind: "json",
  answer: {
    title: TITLE,
    overview: "A speaker asks fellow Americans to serve.",
    category: "politics",
    memories: ["The speaker believes in serving the country."],
    action_items: [{ description: "Ask what you can do for your country" }],
  },
};

/** A speech process that the rows of one file share, because none of them harms it. */
export interface SharedSpeech extends AsyncDisposable {
  readonly url: string;
}

export async function startSharedSpeech(): Promise<SharedSpeech> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-faults-"));
  const settings = { HOLDFAST_DATA: folder, HOLDFAST_SPEECH_PORT: "0", HOLDFAST_INTERNAL_TOKEN: WORLD_TOKEN };
  const role = await startRole("speech", settings);
  return {
    url: `http://127.0.0.1:${role.port}`,
    async [Symbol.asyncDispose]() {
      await role[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface StageOptions {
  /** Running from the start. Without `speech` it is the shared one. */
  readonly roles: readonly RoleName[];
  /** The gateway speaks to its pusher through a gate. */
  readonly gate?: boolean;
  /** Answers of the language model and of the receiver of webhooks; `ANSWER` and 200 when there are no more. */
  readonly llm?: readonly LlmStep[];
  readonly receiver?: readonly Answer[];
}

export interface Stage extends AsyncDisposable {
  readonly world: World;
  readonly llm: ScriptedLlm;
  readonly receiver: Receiver;
  readonly device: Device;
  readonly gate: TcpGate | undefined;
  /** Another process of this kind, beside the first. */
  startAnother(name: RoleName): Promise<TestRole>;
}

const open = new Set<Stage>();

export async function closeStages(): Promise<void> {
  for (const stage of open) await stage[Symbol.asyncDispose]();
}

export async function openStage(speech: SharedSpeech, options: StageOptions): Promise<Stage> {
  const undo: (() => PromiseLike<unknown>)[] = [];
  const keep = <T extends AsyncDisposable>(one: T): T => {
    undo.push(() => one[Symbol.asyncDispose]());
    return one;
  };
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const llm = keep(await startScriptedLlm());
    llm.script(...(options.llm ?? []), ANSWER);
    const receiver = keep(await startReceiver());
    receiver.script(...(options.receiver ?? []));
    const pusherPort = await freePort();
    const gate = options.gate === true ? keep(await startTcpGate(pusherPort)) : undefined;
    const settings = {
      HOLDFAST_LLM_URL: llm.url,
      HOLDFAST_WEBHOOK_ALLOW_PRIVATE: "127.0.0.1",
      HOLDFAST_PUSHER_PORT: String(pusherPort),
      HOSTED_PUSHER_API_URL: `http://127.0.0.1:${gate?.port ?? pusherPort}`,
      ...(options.roles.includes("speech") ? {} : { HOLDFAST_SPEECH_URL: speech.url }),
    };
    const world = keep(await startWorld(settings));
    await setWebhook(world.db, USER, { type: "memory_created", url: receiver.url, everySeconds: null }, Date.now());
    await world.start(...options.roles);
    const device = new Device(world);
    undo.push(async () => device.close());
    const stage: Stage = {
      world,
      llm,
      receiver,
      device,
      gate,
      async startAnother(name) {
        return keep(await startRole(name, { ...world.settings, HOLDFAST_PUSHER_PORT: String(await freePort()) }));
      },
      async [Symbol.asyncDispose]() {
        open.delete(stage);
        await close();
      },
    };
    open.add(stage);
    return stage;
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The person speaks, and makes a pause until the words before it are stored. So every row that strikes in the middle of the
 * next utterance strikes behind the same words, however fast or slow the machine is.
 */
export async function speak({ world, device }: Stage, pace: number): Promise<void> {
  const stored = async (): Promise<string> => {
    const rows = await world.db.selectFrom("segments").select("text").orderBy("start_s").execute();
    return rows.map(({ text }) => text).join(" ");
  };
  const pause = () => waitFor("the first words to be stored", async () => /\bnot\b/u.test(await stored()), 60_000);
  await device.speak(pace, async () => void (await pause()));
  await device.safe();
}

/** The person presses stop: asked again and again until a gateway takes it. */
export async function pressStop({ world, device }: Stage): Promise<void> {
  const ask = () => world.rest("POST", `/v1/conversations/${device.id}/finalize`, {}).catch(() => undefined);
  await waitFor("stop to be taken", async () => (await ask())?.status === 200, 60_000);
}
