/** The simulator: seeded time, order, network, database and processes, for worlds made of real objects. */
export { DatabaseEngine } from "./database/engine.ts";
export { DatabaseServer, type StatementFate } from "./database/server.ts";
export { type DiskFate, SimDisk } from "./disk.ts";
export { SimNetwork } from "./network.ts";
export { SimProcess } from "./process.ts";
export { SeededRandom } from "./random.ts";
export { Scheduler } from "./scheduler.ts";
export { SimSocket } from "./socket.ts";
