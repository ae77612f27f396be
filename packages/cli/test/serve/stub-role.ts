/** A role that does nothing but live: for tests of the supervisor without the weight of the real ones. */
import { createServer } from "node:http";
import { HoldfastError } from "@holdfast/contract";
import { sleep } from "@holdfast/core";
import { runProcess, systemClock } from "@holdfast/runtime";

const name = process.argv[1]?.match(/stub-(\w+)\.ts$/)?.[1] ?? "role";

runProcess(name, async ({ config }) => {
  if (name === process.env.STUB_REFUSES)
    throw new HoldfastError("no", { code: "config_invalid", class: "permanent_input" });
  if (name === process.env.STUB_NEVER_READY) await new Promise(() => {});
  const port = {
    gateway: config.HOLDFAST_PORT,
    pusher: config.HOLDFAST_PUSHER_PORT,
    speech: config.HOLDFAST_SPEECH_PORT,
  }[name];
  const server = createServer((_, response) => response.end(name));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port ?? 0, name === "gateway" ? config.HOLDFAST_HOST : config.HOLDFAST_INTERNAL_HOST, () =>
      resolve(),
    );
  });
  const address = server.address();
  return {
    ...(typeof address === "object" && address !== null ? { port: address.port } : {}),
    drain: async () => {
      if (process.env.STUB_DRAIN === "never") await new Promise(() => {});
      if (process.env.STUB_DRAIN === "slow" && name === "gateway") await sleep(systemClock, 500);
      server.closeAllConnections();
    },
    close: async () => {
      server.close();
    },
  };
});
