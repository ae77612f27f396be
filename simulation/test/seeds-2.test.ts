/** Half of the 500 worlds of `npm test`; two files, so that two cores share them. */
import { checkSeeds } from "./check-seeds.ts";

checkSeeds(2 * 1_000, 250);
