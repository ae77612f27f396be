/**
 * The other side of a call: a second voice that speaks and pauses as it likes, also while the first one speaks. What it says is
 * recorded beside the first voice, a tenth of a second at a time, on its own channel.
 */
import type { SeededRandom } from "@holdfast/testkit/simulator";

export interface Tenth {
  /** A word begins here. */
  readonly begins: boolean;
  readonly isVoice: boolean;
}

const SILENCE: Tenth = { begins: false, isVoice: false };
const VOICE: Tenth = { begins: false, isVoice: true };
const ONSET: Tenth = { begins: true, isVoice: true };

export class OtherSide {
  readonly #random: SeededRandom;
  #next: Tenth[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  next(): Tenth {
    if (this.#next.length === 0) this.#next = this.#random.chance(0.3) ? this.#pause() : this.#word();
    return this.#next.shift() ?? SILENCE;
  }

  #word(): Tenth[] {
    const voice = Array.from({ length: this.#random.int(1, 4) }, () => VOICE);
    return [ONSET, ...voice, ...Array.from({ length: this.#random.int(0, 2) }, () => SILENCE)];
  }

  #pause(): Tenth[] {
    return Array.from({ length: this.#random.int(5, 40) }, () => SILENCE);
  }
}
