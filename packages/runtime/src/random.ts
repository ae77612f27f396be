/** The one place where randomness enters the product (law L12): the system's cryptographic source. */
import { randomInt, randomUUID } from "node:crypto";
import type { Random } from "@holdfast/core";

/** The widest range that `randomInt` takes. */
const STEPS = 2 ** 48 - 1;

export const systemRandom: Random = {
  next: () => randomInt(STEPS) / STEPS,
  uuid: () => randomUUID(),
};
