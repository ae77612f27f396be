/** A process of the benches: `node bench/pipeline-child.ts load|recogniser|bare|relay|tus`, started by `peer.ts` only. */
import { createLoad } from "./pipeline/load.ts";
import { servePeer } from "./pipeline/peer.ts";
import { countingRecogniser, countingServer, relayServer } from "./pipeline/servers.ts";
import { tusYardstick } from "./sync/tus-yardstick.ts";

const kinds = {
  load: createLoad,
  recogniser: countingRecogniser,
  bare: countingServer,
  relay: relayServer,
  tus: tusYardstick,
};

const kind = process.argv[2] as keyof typeof kinds;
servePeer(kinds[kind]());
