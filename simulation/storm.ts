/** The faults of a world: each kind strikes at random moments, as often as the climate has it, until it is calm. */
import type { DatabaseServer, Scheduler, SeededRandom, SimNetwork, SimProcess } from "@holdfast/testkit/simulator";
import { type Climate, FAULT_KINDS, type FaultKind } from "./weather.ts";

export interface StormTargets {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly network: SimNetwork;
  readonly database: DatabaseServer;
  /** Processes that run, by the name of their machine. */
  readonly running: ReadonlyMap<string, SimProcess>;
  /** What people carry: recorders and telephones. */
  readonly devices: readonly { readonly process: SimProcess }[];
}

const LONGEST_STOP_MS = 30_000;

export class Storm {
  readonly #targets: StormTargets;
  readonly #struck = new Set<FaultKind>();
  #isOver = false;
  strikes = 0;

  constructor(targets: StormTargets) {
    this.#targets = targets;
  }

  /** What happened at least once. */
  get kinds(): FaultKind[] {
    return FAULT_KINDS.filter((kind) => this.#struck.has(kind));
  }

  begin(perMinute: Climate["perMinute"]): void {
    for (const kind of FAULT_KINDS) if (perMinute[kind] > 0) this.#brew(kind, 60_000 / perMinute[kind]);
  }

  /** No fault strikes any more, and what was broken is mended. */
  end(): void {
    this.#isOver = true;
    const { network, database, running, devices } = this.#targets;
    network.heal();
    network.setDelays({ fromMs: 0.2, toMs: 20 });
    database.comeBack();
    for (const process of running.values()) process.resume();
    for (const { process } of devices) process.resume();
  }

  #brew(kind: FaultKind, meanMs: number): void {
    const { scheduler, random } = this.#targets;
    scheduler.after(-Math.log(1 - random.next()) * meanMs, `fault ${kind}`, undefined, () => {
      if (this.#isOver) return;
      this.strikes += 1;
      this.#struck.add(kind);
      this.#strike(kind);
      this.#brew(kind, meanMs);
    });
  }

  #strike(kind: FaultKind): void {
    const { scheduler, random, network, database, running, devices } = this.#targets;
    switch (kind) {
      case "kill_gateway":
      case "kill_pusher":
      case "kill_worker":
      case "kill_speech":
        this.#anyOf(kind.slice("kill_".length))?.kill();
        return;
      case "stop_gateway":
      case "stop_pusher":
      case "stop_worker":
      case "stop_speech":
        this.#stop(this.#anyOf(kind.slice("stop_".length)));
        return;
      case "stop_device":
        this.#stop(random.pick(devices).process);
        return;
      case "lose_device":
        random.pick(devices).process.kill();
        return;
      case "cut":
        network.cutOne();
        return;
      case "freeze":
        network.freezeOne();
        return;
      case "slow":
        network.slowOne(random.skewed(1_000, 15_000));
        return;
      case "flap_pusher": {
        const machine = this.#anyMachine("pusher");
        if (machine !== undefined) network.flap(machine, random.int(2, 8), random.between(50, 1_500));
        return;
      }
      case "roam":
        network.roamOne((process) => devices.some((device) => device.process === process));
        return;
      case "partition": {
        const machines = [...running.keys(), ...devices.map(({ process }) => process.name)];
        network.partition(random.pick(machines), random.pick(machines), random.skewed(500, 20_000));
        return;
      }
      case "database_away":
        database.goAway();
        scheduler.after(random.skewed(300, 12_000), "database returns", undefined, () => database.comeBack());
        return;
      default:
        kind satisfies never;
    }
  }

  #stop(process: SimProcess | undefined): void {
    if (process === undefined) return;
    const { scheduler, random } = this.#targets;
    process.stop();
    scheduler.after(random.skewed(500, LONGEST_STOP_MS), "go on", undefined, () => process.resume());
  }

  #anyOf(role: string): SimProcess | undefined {
    return this.#targets.running.get(this.#anyMachine(role) ?? "");
  }

  #anyMachine(role: string): string | undefined {
    const machines = [...this.#targets.running.keys()].filter((machine) => machine.startsWith(role));
    return machines.length === 0 ? undefined : this.#targets.random.pick(machines);
  }
}
