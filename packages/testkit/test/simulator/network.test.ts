import { expect, test } from "vitest";
import { Scheduler, SeededRandom, SimNetwork, SimProcess, type SimSocket } from "../../src/simulator/index.ts";

interface Pair {
  readonly world: Scheduler;
  readonly network: SimNetwork;
  readonly client: SimProcess;
  readonly server: SimProcess;
  readonly accepted: SimSocket[];
  readonly dial: () => Heard;
}

interface Heard {
  readonly socket: SimSocket;
  readonly log: string[];
}

function listenTo(socket: SimSocket): Heard {
  const log: string[] = [];
  socket.on("open", () => log.push("open"));
  socket.on("message", (data: Buffer, isBinary: boolean) => log.push(isBinary ? `<${data.length}>` : data.toString()));
  socket.on("pong", () => log.push("pong"));
  socket.on("error", (error: Error) => log.push(`error ${error.message}`));
  socket.on("close", (code: number, reason: Buffer) =>
    log.push(`close ${code}${reason.length > 0 ? ` ${reason}` : ""}`),
  );
  return { socket, log };
}

function pair(seed: number, delays = { fromMs: 1, toMs: 50 }): Pair {
  const random = new SeededRandom(seed);
  const world = new Scheduler(random.fork("order"), 0);
  const network = new SimNetwork(world, random.fork("network"), delays);
  const client = new SimProcess("client", world, random.fork("client"));
  const server = new SimProcess("server", world, random.fork("server"));
  const accepted: SimSocket[] = [];
  network.listen("server", { process: server, accept: () => (socket) => void accepted.push(socket) });
  return { world, network, client, server, accepted, dial: () => listenTo(network.connect(client, "ws://server/")) };
}

/** The server's end of the only connection. */
function serverEnd({ accepted }: Pair): SimSocket {
  const [socket] = accepted;
  if (socket === undefined) throw new Error("nobody connected");
  return socket;
}

test("frames stay in order in both directions, whatever each of them takes", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const there = pair(seed);
    const { socket, log } = there.dial();
    socket.on("open", () => {
      for (let i = 0; i < 10; i++) socket.send(String(i));
    });
    await there.world.run(200);
    const answer = listenTo(serverEnd(there));
    for (let i = 0; i < 10; i++) serverEnd(there).send(String(i));
    await there.world.run(2_000);
    expect(log).toEqual(["open", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    expect(answer.log).toEqual([]);
  }
});

test("frames of different connections overtake each other", async () => {
  const there = pair(3);
  const order: string[] = [];
  const dials = ["a", "b", "c", "d"].map((name) => ({ name, socket: there.dial().socket }));
  await there.world.run(300);
  for (const socket of there.accepted) socket.on("message", (data: Buffer) => order.push(data.toString()));
  for (const { name, socket } of dials) socket.send(name);
  await there.world.run(600);
  expect([...order].sort()).toEqual(["a", "b", "c", "d"]);
  expect(order).not.toEqual(["a", "b", "c", "d"]);
});

test("a close is answered with its code; a ping with a pong", async () => {
  const there = pair(1);
  const client = there.dial();
  await there.world.run(200);
  const server = listenTo(serverEnd(there));
  client.socket.ping();
  client.socket.close(4001, "enough");
  await there.world.run(1_000);
  expect(client.log).toEqual(["open", "pong", "close 4001 enough"]);
  expect(server.log).toEqual(["close 4001 enough"]);
});

test("nobody there is refused, a status is refused with it, a silent machine times out", async () => {
  const there = pair(2);
  const refused = listenTo(there.network.connect(there.client, "ws://nobody/"));
  there.network.listen("full", { process: there.server, accept: () => ({ status: 503 }) });
  const full = listenTo(there.network.connect(there.client, "ws://full/"));
  there.server.stop();
  const silent = listenTo(there.network.connect(there.client, "ws://server/", { handshakeTimeout: 5_000 }));
  await there.world.run(4_000);
  expect(refused.log).toEqual(["error connect ECONNREFUSED", "close 1006"]);
  there.server.resume();
  await there.world.run(20_000);
  expect(full.log).toEqual(["error Unexpected server response: 503", "close 1006"]);
  expect(silent.log[0]).toMatch(/open|timed out/);
});

test("the death of a process resets its connections", async () => {
  const there = pair(4);
  const client = there.dial();
  await there.world.run(200);
  const server = listenTo(serverEnd(there));
  there.server.kill();
  await there.world.run(1_000);
  expect(client.log).toEqual(["open", "close 1006"]);
  expect(server.log).toEqual([]);
  const again = there.dial();
  await there.world.run(2_000);
  expect(again.log).toEqual(["error connect ECONNREFUSED", "close 1006"]);
});

test("a cut is noticed by both ends, a frozen connection by nobody until somebody gives it up", async () => {
  const cut = pair(5);
  const cutClient = cut.dial();
  await cut.world.run(200);
  const cutServer = listenTo(serverEnd(cut));
  cut.network.cutOne();
  await cut.world.run(1_000);
  expect([cutClient.log, cutServer.log]).toEqual([["open", "close 1006"], ["close 1006"]]);

  const frozen = pair(6);
  const client = frozen.dial();
  await frozen.world.run(200);
  const server = listenTo(serverEnd(frozen));
  frozen.network.freezeOne();
  client.socket.send("lost");
  client.socket.close(1000);
  await frozen.world.run(20_000);
  expect([client.log, server.log]).toEqual([["open"], []]);
  await frozen.world.run(40_000);
  expect([client.log, server.log]).toEqual([["open", "close 1006"], []]);
});

test("a partition delays what was sent until it heals", async () => {
  const there = pair(7);
  const client = there.dial();
  await there.world.run(200);
  const server = listenTo(serverEnd(there));
  there.network.partition("client", "server", 5_000);
  for (let i = 0; i < 5; i++) client.socket.send(String(i));
  await there.world.run(5_000);
  expect(server.log).toEqual([]);
  await there.world.run(6_000);
  expect(server.log).toEqual(["0", "1", "2", "3", "4"]);
});

test("a paused socket reads nothing, and its sender's buffer grows", async () => {
  const there = pair(8);
  const client = there.dial();
  await there.world.run(200);
  const end = serverEnd(there);
  const server = listenTo(end);
  end.pause();
  for (let i = 0; i < 8; i++) client.socket.send(Buffer.alloc(100_000));
  await there.world.run(5_000);
  expect(server.log).toEqual([]);
  expect(client.socket.bufferedAmount).toBeGreaterThan(400_000);
  end.resume();
  await there.world.run(6_000);
  expect(server.log).toEqual(new Array(8).fill("<100000>"));
  expect(client.socket.bufferedAmount).toBe(0);
});

test("sending on a socket that is gone reports an error and never throws; before it is open it throws", async () => {
  const there = pair(9);
  const { socket } = there.dial();
  expect(() => socket.send("too early")).toThrow("not open");
  await there.world.run(200);
  socket.terminate();
  const errors: unknown[] = [];
  socket.send("too late", (error) => errors.push(error));
  await there.world.run(1_000);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toBeInstanceOf(Error);
});
