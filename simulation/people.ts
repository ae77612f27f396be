/** The people of a world: some speak into recorders, some bring with a telephone what it recorded offline. */
import { type Scheduler, type SeededRandom, SimProcess } from "@holdfast/testkit/simulator";
import { Device, type DeviceLinks, type DevicePlan } from "./device.ts";
import { Telephone, type TelephoneLinks, type TelephonePlan } from "./telephone.ts";
import type { Climate } from "./weather.ts";

export interface Place {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly climate: Climate;
}

/** Numbers below are those of recorders. */
const FIRST_PHONE = 10;

export function recorders({ scheduler, random, climate }: Place, links: DeviceLinks): Device[] {
  const count = random.pick([1, 1, 1, 2, 2, 3]);
  return Array.from({ length: count }, (_, number) => {
    const process = new SimProcess(`device${number}`, scheduler, random.fork(`device${number}`));
    const isPlain = random.chance(climate.plain);
    const brings = broughtBy(random.fork("brings"), climate, isPlain);
    const plan = {
      number,
      userId: `user${random.int(0, 1)}`,
      isPlain,
      brings,
      // Two speak in a call, so it may be shorter.
      speakMs: random.between(0.4, 1) * climate.stormMs * (brings === "call" ? 0.6 : 1),
      timeoutMs: random.int(3, 12) * 1_000,
      longPauses: random.chance(0.5) ? 0.2 : 0,
      stops: random.chance(0.4) ? 0.2 : 0,
    };
    return new Device(process, plan, links);
  });
}

/** Our client library takes only sound. */
function broughtBy(random: SeededRandom, climate: Climate, isPlain: boolean): DevicePlan["brings"] {
  if (random.chance(climate.calls)) return "call";
  return isPlain && random.chance(climate.ownWords) ? "words" : "sound";
}

function wayOf(random: SeededRandom, climate: Climate): TelephonePlan["way"] {
  if (random.chance(climate.resuming)) return "resumable";
  if (random.chance(climate.dropping)) return "dropped";
  return climate.library > 0 && random.chance(climate.library) ? "library" : "batches";
}

export function telephones({ scheduler, random, climate }: Place, links: TelephoneLinks): Telephone[] {
  return Array.from({ length: climate.phones }, (_, index) => {
    const number = FIRST_PHONE + index;
    const process = new SimProcess(`phone${number}`, scheduler, random.fork(`phone${number}`));
    const isNamed = random.chance(0.7);
    const way = wayOf(random, climate);
    const plan = {
      number,
      userId: `user${random.int(0, 1)}`,
      isNamed,
      way,
      aims: !isNamed && way === "batches" && random.chance(0.5),
      impatience: random.chance(0.5) ? 0.3 : 0,
      fromMs: random.between(0, 0.6) * climate.stormMs,
    };
    return new Telephone(process, plan, links);
  });
}
