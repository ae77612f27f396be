/**
 * A gate between two processes that talk over TCP: it hands on every byte, and from the moment a test says so it keeps back
 * what the far side answers. That makes a moment last that is otherwise too short to hit: the work is done, and nobody has
 * heard of it yet.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface TcpGate extends AsyncDisposable {
  readonly port: number;
  /** From now on nothing comes back through the gate, on open connections and on new ones. */
  holdAnswers(): void;
  /** What was kept back so far. */
  held(): Buffer;
  /** Breaks every connection; new ones are taken. */
  cut(): void;
  /** While true, every connection is broken, and every new one as soon as it is made. */
  refuse(refusing: boolean): void;
}

/** A gate before a port on 127.0.0.1, or before a socket in the file system. */
export async function startTcpGate(target: number | string): Promise<TcpGate> {
  const sockets = new Set<Socket>();
  const kept: Buffer[] = [];
  let holding = false;
  let isRefusing = false;
  const track = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((near) => {
    if (isRefusing) return near.destroy();
    const far = typeof target === "number" ? connect(target, "127.0.0.1") : connect(target);
    track(near, far);
    track(far, near);
    near.pipe(far);
    far.on("data", (bytes: Buffer) => {
      if (holding) kept.push(bytes);
      else near.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    holdAnswers() {
      holding = true;
    },
    held: () => Buffer.concat(kept),
    cut,
    refuse(refusing) {
      isRefusing = refusing;
      if (refusing) cut();
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
