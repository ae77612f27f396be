/**
 * `node:http` for those who start. An `import` of it reads every export, and WebSocket, which is among them, loads the whole
 * client of `fetch`: 30 ms of CPU, ten times what the rest takes. `WebSocket` and `fetch` load it when they are used.
 */
export const http: typeof import("node:http") = process.getBuiltinModule("node:http");
