/**
 * The life of one simulated world: its processes are started and started again, people come with their recorders, a storm of
 * faults strikes, and then it is calm until everything has come to rest or the time for it is over.
 */
import { type Config, parseConfig } from "@holdfast/contract";
import { type Log, silentLog } from "@holdfast/core";
import type { Summariser, WebhookSender } from "@holdfast/pusher/parts";
import {
  type DatabaseEngine,
  DatabaseServer,
  Scheduler,
  SeededRandom,
  SimDisk,
  SimNetwork,
  SimProcess,
} from "@holdfast/testkit/simulator";
import type { Device } from "./device.ts";
import { simulatedModel } from "./model.ts";
import { recorders, telephones } from "./people.ts";
import type { Plant } from "./plants.ts";
import { simulatedSender } from "./receiver.ts";
import {
  type GatewayHandle,
  type RoleParts,
  startGatewayRole,
  startPusherRole,
  startSpeechRole,
  startWorkerRole,
} from "./roles.ts";
import { simulatedTranscriber } from "./speech.ts";
import { Storm } from "./storm.ts";
import type { Telephone } from "./telephone.ts";
import { Watch } from "./watch.ts";
import { type Climate, climateOf, diskFateOf, type FaultKind, fateOf } from "./weather.ts";

export interface RunOptions {
  /** A mistake put in on purpose, to see that the watch finds it. */
  readonly plant?: Plant;
  /** Told of every event and every log line. */
  readonly onTrace?: (line: string) => void;
}

export interface RunReport {
  readonly seed: number;
  readonly trace: string;
  readonly events: number;
  readonly statements: number;
  readonly words: number;
  readonly conversations: number;
  readonly worldMs: number;
  readonly faults: number;
  /** What went wrong in it. */
  readonly faultKinds: readonly FaultKind[];
  /** Conversations that somebody was told of. */
  readonly told: number;
  /** Recordings that came without an id of their client's. */
  readonly plainRecordings: number;
  /** Calls that were recorded. */
  readonly calls: number;
  /** Words that clients brought. */
  readonly ownWords: number;
  /** Uploads that were taken. */
  readonly uploads: number;
}

/** The day of every world. */
export const START_MS = Date.UTC(2026, 0, 5, 9);

/** Everything must be done this long after the last fault. */
const CALM_MS = 240_000;
const CALM_WITH_MODEL_MS = 900_000;

const SETTINGS = {
  HOLDFAST_SPEECH_URL: "http://speech",
  HOSTED_PUSHER_API_URL: "http://pusher",
  HOLDFAST_INTERNAL_TOKEN: "simulated-internal-token",
  HOLDFAST_AUDIO_RETENTION: "transcribed",
};

/** More than any process may take between storing the bytes of an upload and writing its job. */
const AGE_MS = 2 * 3_600_000;

/** Both users want to be told of conversations. */
const WANTED = `insert into webhooks (user_id, type, url, enabled, updated_at)
  select id, 'memory_created', 'http://receiver/', true, '2026-01-05T09:00:00Z' from unnest(array['user0', 'user1']) id`;

type Role = "gateway" | "pusher" | "worker" | "speech";

export class Life {
  readonly scheduler: Scheduler;
  readonly watch: Watch;
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #climate: Climate;
  readonly #network: SimNetwork;
  readonly #database: DatabaseServer;
  readonly #disk: SimDisk;
  readonly #config: Config;
  readonly #options: RunOptions;
  readonly #devices: Device[] = [];
  readonly #phones: Telephone[] = [];
  /** What people carry. */
  readonly #carried: (Device | Telephone)[] = [];
  readonly #running = new Map<string, SimProcess>();
  readonly #gateways = new Map<string, GatewayHandle>();
  #restarts = 0;
  #isCalm = false;
  readonly #storm: Storm;
  /** Statements that a planted fault changed. */
  spoilt = 0;

  constructor(seed: number, engine: DatabaseEngine, options: RunOptions) {
    this.#seed = seed;
    this.#options = options;
    const random = new SeededRandom(seed);
    this.#random = random.fork("life");
    const climate = climateOf(random.fork("climate"));
    this.#climate = options.plant?.climate?.(climate) ?? climate;
    this.scheduler = new Scheduler(random.fork("order"), START_MS);
    this.scheduler.onTrace = options.onTrace;
    this.#network = new SimNetwork(this.scheduler, random.fork("network"), this.#climate.network);
    this.#config = parseConfig({ ...SETTINGS, HOLDFAST_MAX_QUEUED_UPLOADS: String(this.#climate.mostUploads) });
    const disk = random.fork("disk");
    this.#disk = new SimDisk({
      scheduler: this.scheduler,
      fate: () => (this.#isCalm ? "fine" : diskFateOf(disk, this.#climate)),
      delayMs: () => disk.skewed(0.05, 5),
      onRemoved: (path) => this.watch.seen((uploads) => uploads.removed(path)),
      ...(options.plant?.keepsFiles === undefined ? {} : { keeps: options.plant.keepsFiles }),
    });
    this.watch = new Watch(engine, this.scheduler, { devices: this.#devices, phones: this.#phones, disk: this.#disk });
    const fates = random.fork("fates");
    const delays = random.fork("delays");
    this.#database = new DatabaseServer({
      scheduler: this.scheduler,
      random: random.fork("database"),
      engine,
      rewrite: (sql) => this.#spoilt(sql),
      fate: () => (this.#isCalm ? "fine" : fateOf(fates, this.#climate)),
      delayMs: () => delays.skewed(0.1, this.#climate.databaseMs),
      onCommitted: (tables, by) => this.watch.committed(tables, by),
    });
    this.#storm = new Storm({
      scheduler: this.scheduler,
      random: random.fork("storm"),
      network: this.#network,
      database: this.#database,
      running: this.#running,
      devices: this.#carried,
    });
  }

  /** A statement as a planted fault makes it. */
  #spoilt(sql: string): string {
    const spoilt = this.#options.plant?.rewrite?.(sql);
    if (spoilt !== undefined) this.spoilt += 1;
    return spoilt ?? sql;
  }

  async run(): Promise<RunReport> {
    for (const role of ["gateway", "pusher", "worker"] as const) {
      const count = this.#climate[`${role}s`];
      for (let number = 0; number < count; number++) this.#start(role, number);
    }
    this.#start("speech", 0);
    if (this.#climate.receiver !== "none") this.#database.options.engine.execute(WANTED);
    this.#invitePeople();
    this.#storm.begin(this.#climate.perMinute);
    this.#every(1_000, () => this.watch.deadlines());
    const { stormMs, llm } = this.#climate;
    await this.scheduler.run(stormMs);
    this.#calmDown();
    const limitMs = stormMs + (llm === "none" ? CALM_MS : CALM_WITH_MODEL_MS);
    await this.#rest(limitMs);
    this.watch.live.rested();
    if (this.#phones.length > 0) {
      this.#ageDisk();
      await this.#rest(limitMs + CALM_MS);
    }
    this.watch.final();
    return {
      seed: this.#seed,
      trace: this.scheduler.trace,
      events: this.scheduler.events,
      statements: this.#database.statements,
      words: this.watch.words.size,
      conversations: this.watch.conversations.size,
      worldMs: this.scheduler.elapsedMs,
      faults: this.#storm.strikes,
      faultKinds: this.#storm.kinds,
      told: this.watch.effects.taken,
      calls: this.#devices.flatMap(({ plan, recordings }) => (plan.brings === "call" ? recordings : [])).length,
      ownWords: this.watch.live.brought,
      uploads: this.watch.uploads.taken,
      plainRecordings: this.#devices.flatMap(({ plan, recordings }) => (plan.isPlain ? recordings : [])).length,
    };
  }

  /** Until nothing happens any more that somebody waits for. */
  async #rest(limitMs: number): Promise<void> {
    let restMs = 0;
    const rested = await this.scheduler.run(limitMs, () => {
      if (this.watch.unfinished().length > 0) restMs = 0;
      else if (restMs === 0) restMs = this.scheduler.elapsedMs;
      return restMs > 0 && this.scheduler.elapsedMs - restMs > 3_000;
    });
    if (!rested) throw new Error("the world did not come to rest");
  }

  /** What dead processes left is old enough to be swept away, by processes that start. */
  #ageDisk(): void {
    this.watch.seen((uploads) => uploads.checkLiving([...this.#running.values()].map(({ name }) => name)));
    this.#disk.age(AGE_MS);
    for (const [machine, process] of this.#running) if (/^(gateway|worker)/.test(machine)) process.kill();
  }

  end(): void {
    for (const process of this.#running.values()) process.kill();
    for (const { process } of this.#carried) process.kill();
  }

  #start(role: Role, number: number): void {
    this.#restarts += 1;
    const machine = `${role}${number}`;
    const name = `${machine}#${this.#restarts}`;
    const process = new SimProcess(name, this.scheduler, this.#random.fork(name), this.#logOf(name));
    this.#running.set(machine, process);
    process.onDeath(() => {
      if (this.#running.get(machine) === process) this.#running.delete(machine);
      this.#gateways.delete(machine);
      const restartMs = this.#isCalm ? 200 : this.#random.between(0.2, 1) * this.#climate.restartMs;
      this.scheduler.after(restartMs, `start ${machine}`, undefined, () => this.#start(role, number));
    });
    const parts: RoleParts = {
      network: this.#network,
      database: this.#database,
      disk: this.#disk,
      config: this.#config,
    };
    switch (role) {
      case "gateway":
        this.#gateways.set(machine, this.#startGateway(process, parts));
        return;
      case "pusher":
        startPusherRole(process, parts, {
          llm: this.#llm(process),
          sender: this.#sender(process),
          onEvent: (event) => {
            if (event.type === "finalization_finished" && event.outcome === "completed") {
              this.watch.finished(event.jobId);
            }
          },
        });
        return;
      case "worker":
        void startWorkerRole(
          process,
          parts,
          simulatedTranscriber(
            process,
            () => this.#speech(),
            () => this.#batchMood(),
          ),
        );
        return;
      case "speech":
        startSpeechRole(process, parts);
        return;
      default:
        role satisfies never;
    }
  }

  #startGateway(process: SimProcess, parts: RoleParts): GatewayHandle {
    return startGatewayRole(process, parts, {
      onNamed: (socketName, recordingId) => {
        for (const device of this.#devices) device.named(socketName, recordingId);
      },
      onWords: (by, words) => this.watch.live.took(by, words),
      onAnswer: (by, served) => this.watch.seen((uploads) => uploads.served(by, served)),
      onReceiving: (by, change) => this.watch.uploads.receiving(by, change),
      takesUploads: this.#climate.phones > 0,
      sweeps: this.#climate.resuming > 0,
      plant: this.#options.plant,
    });
  }

  /** The process, or the one that died last. */
  #speech(): SimProcess {
    const running = this.#running.get("speech0");
    if (running !== undefined) return running;
    const dead = new SimProcess("speech0#gone", this.scheduler, this.#random);
    dead.kill();
    return dead;
  }

  #batchMood(): "fine" | "busy" | "content" {
    if (this.#isCalm) return "fine";
    if (this.#random.chance(this.#climate.batchContent)) {
      this.watch.contentFailures += 1;
      return "content";
    }
    return this.#random.chance(this.#climate.batchBusy) ? "busy" : "fine";
  }

  #llm(process: SimProcess): Summariser | undefined {
    const { llm } = this.#climate;
    if (llm === "none") return undefined;
    return simulatedModel(
      process,
      () => (this.#isCalm ? "fine" : llm),
      () => {
        this.watch.contentFailures += 1;
      },
    );
  }

  #sender(process: SimProcess): WebhookSender {
    const { receiver } = this.#climate;
    return simulatedSender(process, {
      mood: () => (this.#isCalm || receiver === "none" ? "fine" : receiver),
      delayMs: () => this.#network.delayMs(),
      onSent: (by, deliveryId, told) => this.watch.sent(by, deliveryId, told),
      onTaken: (deliveryId) => this.watch.effects.took(deliveryId),
    });
  }

  #invitePeople(): void {
    const place = { scheduler: this.scheduler, random: this.#random, climate: this.#climate };
    const devices = recorders(place, {
      network: this.#network,
      pressStop: (userId, conversationId) => this.#pressStop(userId, conversationId),
      onAcknowledged: (recordingId, count) => this.watch.acknowledged(recordingId, count),
    });
    const phones = telephones(place, {
      network: this.#network,
      conversationOf: (userId) => this.watch.liveConversationOf(userId),
      onAnswer: (by, batch, answer) => this.watch.seen((uploads) => uploads.answered(by, batch, answer)),
      onUpload: (batch, answered) => this.watch.seen((uploads) => uploads.resumables.answered(batch, answered)),
      onView: (batch, jobId, answer) => this.watch.seen((uploads) => uploads.viewed(batch, jobId, answer)),
      onConfirmed: (files) => this.watch.seen((uploads) => uploads.confirmed(files)),
      believesEarly: this.#options.plant?.believesEarly === true,
      onBroken: (by, why) => this.watch.seen((uploads) => uploads.broken(by, why)),
    });
    this.#devices.push(...devices);
    this.#phones.push(...phones);
    this.#carried.push(...devices, ...phones);
    for (const each of this.#carried) void each.run();
  }

  #pressStop(userId: string, conversationId: string): void {
    const gateways = [...this.#gateways.values()];
    if (gateways.length === 0) return;
    const gateway = this.#random.pick(gateways);
    gateway.process.after(this.#network.delayMs(), "stop pressed", () => {
      // Whatever it answers: the button is pressed again or the silence ends the conversation.
      gateway.endConversation(userId, conversationId).catch(() => {});
    });
  }

  #calmDown(): void {
    this.scheduler.note("calm");
    this.#isCalm = true;
    this.#storm.end();
    this.watch.calmSinceMs = this.scheduler.nowMs;
  }

  #every(ms: number, call: () => void): void {
    this.scheduler.after(ms, "watch", undefined, () => {
      call();
      this.#every(ms, call);
    });
  }

  #logOf(name: string): Log {
    const { onTrace } = this.#options;
    if (onTrace === undefined) return silentLog;
    const at =
      (level: string) =>
      (fields: object, message: string): void =>
        onTrace(`${this.scheduler.elapsedMs.toFixed(3)}   ${name} ${level}: ${message} ${JSON.stringify(fields)}`);
    const log: Log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: () => log };
    return log;
  }
}
