/** The live route: how a session begins, what is acknowledged, and that a replay counts nothing twice. */
import { LiveClient } from "../live-client.ts";
import { waitFor } from "../wait.ts";
import type { AskedServer } from "./asked-server.ts";
import { NotOffered, type Rule, see } from "./rules.ts";

const FRAME = new Uint8Array(640);
const WITHIN_MS = 20_000;
/** Longer than a server takes that acknowledges. */
const LATE_MS = 3_000;

function listen(
  { target }: AskedServer,
  more: Readonly<Record<string, string>> = {},
  token = target.token,
): LiveClient {
  const query = new URLSearchParams({ language: "en", codec: "pcm16", sample_rate: "16000", ...more });
  const url = `${target.url.replace(/^http/, "ws")}/v4/listen?${query}`;
  return new LiveClient(url, { authorization: `Bearer ${token}` });
}

const isReady = ({ events }: LiveClient): boolean =>
  events.some(({ type, status }) => type === "service_status" && status === "ready");

const acknowledged = ({ events }: LiveClient): number | undefined =>
  events.findLast(({ type }) => type === "audio_ack")?.sequence as number | undefined;

/** Waits until the session hears. */
async function began(client: LiveClient): Promise<void> {
  const isOver = (): boolean => client.refused !== undefined || client.closed !== undefined;
  await waitFor("service_status ready", () => isReady(client) || isOver(), WITHIN_MS);
  see(isReady(client), client.refused === undefined ? `close ${client.closed?.code}` : `HTTP ${client.refused.status}`);
}

/** Throws NotOffered where nothing is acknowledged, before the session is ready or behind it. */
async function ready(client: LiveClient): Promise<number> {
  await began(client);
  const { events } = client;
  const isReadyAt = events.findIndex(({ type, status }) => type === "service_status" && status === "ready");
  const first = events.findIndex(({ type }) => type === "audio_ack");
  if (first !== -1 && first < isReadyAt) return events[first]?.sequence as number;
  await client.play(Array(25).fill(FRAME), 0);
  await waitFor("an audio_ack", () => acknowledged(client) !== undefined, LATE_MS).catch(() => {});
  see(acknowledged(client) === undefined, "the first audio_ack comes after ready");
  throw new NotOffered("it acknowledges nothing");
}

async function acknowledges(client: LiveClient, sequence: number): Promise<void> {
  await waitFor(`audio_ack ${sequence}`, () => (acknowledged(client) ?? 0) >= sequence, WITHIN_MS).catch(() => {});
  see(acknowledged(client) === sequence, `audio_ack says ${acknowledged(client)} where ${sequence} are durable`);
}

export const LIVE_RULES: readonly Rule<AskedServer>[] = [
  {
    id: "L1",
    says: "Whoever has no valid token is refused: the upgrade with 401 or 403, or the socket with 1008.",
    async check(server) {
      await using client = listen(server, {}, "not-a-token");
      const { refused, closed } = await waitFor(
        "a refusal",
        () => (client.refused ?? client.closed) && client,
        WITHIN_MS,
      );
      const said = refused === undefined ? `close ${closed?.code}` : `HTTP ${refused.status}`;
      see(closed?.code === 1008 || refused?.status === 401 || refused?.status === 403, said);
    },
  },
  {
    id: "L2",
    says: "A session begins with service_status, names its conversation, and says service_status ready when it hears.",
    async check(server) {
      await using client = listen(server);
      await began(client);
      const events = client.events.map(({ type }) => type);
      see(events[0] === "service_status", `it begins with ${events[0]}`);
      const named = client.events.find(({ type }) => type === "conversation_session")?.conversation_id;
      see(typeof named === "string" && named !== "", `before ready came ${events.join(", ")}`);
    },
  },
  {
    id: "L3",
    says: "The first conversation of a session has the id that the client chose.",
    async check(server) {
      const id = crypto.randomUUID();
      await using client = listen(server, { client_conversation_id: id });
      await began(client);
      const { conversation_id } = await client.event("conversation_session");
      see(conversation_id === id, `it is called ${conversation_id}`);
    },
  },
  {
    id: "L4",
    says: "With audio_ack=enabled the first audio_ack comes before ready, and n messages end in audio_ack n.",
    async check(server) {
      await using client = listen(server, { client_conversation_id: crypto.randomUUID(), audio_ack: "enabled" });
      see((await ready(client)) === 0, "a new session does not stand at 0");
      await client.play(Array(25).fill(FRAME), 0);
      await acknowledges(client, 25);
    },
  },
  {
    id: "L5",
    says: "A client that comes back names its first message by first_sequence, and what was durable is not counted twice.",
    async check(server) {
      const session = { client_conversation_id: crypto.randomUUID(), audio_ack: "enabled" };
      await using first = listen(server, session);
      await ready(first);
      await first.play(Array(20).fill(FRAME), 0);
      await acknowledges(first, 20);
      first.socket.terminate();
      await using second = listen(server, { ...session, first_sequence: "10" });
      const stands = await ready(second);
      see(stands === 20, `it stands at ${stands} after 20 durable messages`);
      await second.play(Array(15).fill(FRAME), 0);
      await acknowledges(second, 25);
    },
  },
  {
    id: "L6",
    says: "Whoever does not ask for acknowledgements gets none: a client of Omi sees nothing that it does not know.",
    async check(server) {
      await using plain = listen(server, { client_conversation_id: crypto.randomUUID() });
      await began(plain);
      await plain.play(Array(25).fill(FRAME), 0);
      // Another, whose messages came later, shows that it had the time.
      await using asking = listen(server, { client_conversation_id: crypto.randomUUID(), audio_ack: "enabled" });
      await ready(asking);
      await asking.play(Array(25).fill(FRAME), 0);
      await acknowledges(asking, 25);
      see(acknowledged(plain) === undefined, `audio_ack ${acknowledged(plain)} came unasked`);
    },
  },
];
