/** The pusher: finishes conversations. See `pusher.ts`. */
export type { LinkCounts, OnPusherEvent, PusherEvent } from "./events.ts";
export { type Pusher, type PusherDeps, startPusher } from "./pusher.ts";
