/**
 * What a client that records live does with messages that were acknowledged, with those that were not, and with a server that
 * acknowledges nothing. Each rule speaks a few messages and breaks the connection; a client comes back by itself.
 */
import { waitFor } from "../wait.ts";
import type { Subject } from "./client.ts";
import { ObservingGateway } from "./observing-gateway.ts";
import { NotOffered, type Rule, see } from "./rules.ts";

const MESSAGES = 20;
const BYTES = 640;

interface Stage {
  readonly gateway: ObservingGateway;
  /** Says so many messages, and waits until the server has had so many in all, durable or not. */
  speak(count: number, inAll: number): Promise<void>;
  /** Breaks the connection, and waits for the next. */
  breakLink(): Promise<void>;
}

async function play(
  { start, withinMs }: Subject,
  options: { readonly silent?: boolean },
  look: (stage: Stage) => Promise<void>,
): Promise<void> {
  await using gateway = await ObservingGateway.start(options);
  const client = await start({ url: gateway.url, token: "token", recordings: [] });
  const { live } = gateway;
  const until = async (what: string, isSo: () => boolean): Promise<void> => {
    await waitFor(what, isSo, withinMs).catch(() => undefined);
    see(isSo(), `no ${what}`);
  };
  let spoken = 0;
  try {
    if (client.speak === undefined) throw new NotOffered("it does not record live");
    await look({
      gateway,
      async speak(count, inAll) {
        for (let i = 0; i < count; i++) client.speak?.(messageOf(spoken++));
        await until(`message ${inAll}`, () => gateway.messages >= inAll);
      },
      async breakLink() {
        const before = live.connections.length;
        for (const connection of live.open) live.drop(connection);
        await until("new connection", () => live.connections.length > before && live.open.length > 0);
      },
    });
    const { faults } = live.ledger;
    see(faults.length === 0, faults.join(", "));
  } finally {
    await client.close();
  }
}

/** Sound that no other message has. */
function messageOf(number: number): Uint8Array {
  const message = new Uint8Array(BYTES);
  new DataView(message.buffer).setUint32(0, number + 1, true);
  return message;
}

/** Numbers of the durable messages, in the order in which the server has them. */
function durable({ live }: ObservingGateway): number[] {
  return [...live.ledger.durable.values()]
    .flat()
    .map((message) => new DataView(message.buffer, message.byteOffset).getUint32(0, true) - 1);
}

function acknowledge({ live }: ObservingGateway): void {
  for (const connection of live.open) live.acknowledge(connection);
}

const inOrder = (count: number): string => Array.from({ length: count }, (_, number) => number).join();

export const CLIENT_LIVE_RULES: readonly Rule<Subject>[] = [
  {
    id: "V1",
    says: "What was not acknowledged before a break is sent again, and the first message of it is named.",
    check: (subject) =>
      play(subject, {}, async ({ gateway, speak, breakLink }) => {
        await speak(MESSAGES, MESSAGES);
        await breakLink();
        await speak(1, MESSAGES + 1);
        acknowledge(gateway);
        see(gateway.firsts.join() === "0,0", `its connections begin with ${gateway.firsts.join()}`);
        see(durable(gateway).join() === inOrder(MESSAGES + 1), `the server has ${durable(gateway).join()}`);
      }),
  },
  {
    id: "V2",
    says: "What was acknowledged is not sent again: the next connection begins behind it.",
    check: (subject) =>
      play(subject, {}, async ({ gateway, speak, breakLink }) => {
        await speak(MESSAGES, MESSAGES);
        acknowledge(gateway);
        await speak(1, MESSAGES + 1);
        await breakLink();
        await speak(1, MESSAGES + 2);
        acknowledge(gateway);
        see(gateway.firsts.join() === `0,${MESSAGES}`, `its connections begin with ${gateway.firsts.join()}`);
        see(gateway.live.ledger.repeats === 0, `${gateway.live.ledger.repeats} messages came again`);
        see(durable(gateway).join() === inOrder(MESSAGES + 2), `the server has ${durable(gateway).join()}`);
      }),
  },
  {
    id: "V3",
    says: "A server that is ready without an acknowledgement gets every message once, since it could not know a repeat.",
    check: (subject) =>
      play(subject, { silent: true }, async ({ gateway, speak, breakLink }) => {
        const { live } = gateway;
        await speak(MESSAGES, MESSAGES);
        for (const { audio } of live.open) live.ledger.flush(audio);
        await breakLink();
        await speak(2, MESSAGES + 2);
        for (const { audio } of live.open) live.ledger.flush(audio);
        see(live.ledger.repeats === 0, `${live.ledger.repeats} messages came again`);
        see(durable(gateway).join() === inOrder(MESSAGES + 2), `the server has ${durable(gateway).join()}`);
      }),
  },
];
