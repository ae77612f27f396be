/** A process of the pipeline bench: `node bench/pipeline-child.ts load|recogniser|bare|relay`, started by `pipeline.ts` only. */
import { createLoad } from "./pipeline/load.ts";
import { servePeer } from "./pipeline/peer.ts";
import { countingRecogniser, countingServer, relayServer } from "./pipeline/servers.ts";

const kinds = { load: createLoad, recogniser: countingRecogniser, bare: countingServer, relay: relayServer };

const kind = process.argv[2] as keyof typeof kinds;
servePeer(kinds[kind]());
