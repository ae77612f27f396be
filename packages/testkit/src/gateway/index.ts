/** A gateway that follows a script: without sockets (`LiveScript`) for fake clocks, with them for whole clients. */
export { AudioLedger } from "./audio-ledger.ts";
export { type LiveConnection, type LivePeer, LiveScript } from "./live-script.ts";
export {
  newRecordingId,
  type Refusal,
  type ScriptedGateway,
  type ScriptedGatewayOptions,
  startScriptedGateway,
} from "./scripted-gateway.ts";
