/**
 * The links of all sessions of this process, and what they share: the circuit, one timer, how to connect, and the figures for
 * whoever watches.
 *
 * Where no pusher is configured there are no links. Conversations are admitted all the same and wait in the store, with a
 * reason, for any pusher that looks there; each of them is said at error level and counted, because nobody may be looking
 * (reference listen-and-pusher 8.1 no. 4).
 */
import { HoldfastError, type Pcm8Layout, PUSHER } from "@holdfast/contract";
import { type BreakerState, type Clock, type LinkStateName, type Log, type Random, soundShare } from "@holdfast/core";
import { type PusherLink, type PusherLinkOptions, SessionLink } from "./pusher-link.ts";
import { type Breaker, type BreakerStore, openBreaker } from "./pusher-link-breaker.ts";
import type { HandOffCounts } from "./pusher-link-handoffs.ts";
import { type ConnectLink, connectWebSocket } from "./pusher-link-socket.ts";
import { LinkTicker } from "./pusher-link-ticker.ts";

export interface PusherLinksDeps {
  /** `HOSTED_PUSHER_API_URL`; undefined where no pusher is configured. */
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Ask pushers for the audio timeline, version 2. */
  readonly audioTimeline?: boolean;
  /** The network; `ws` unless told otherwise. */
  readonly connect?: ConnectLink;
  /** Where the circuit is kept over a restart; nowhere unless told. */
  readonly breakerStore?: BreakerStore;
}

export interface PusherLinks {
  open(options: PusherLinkOptions): PusherLink;
  /** A conversation was admitted without a session, whose link would have been told of it. */
  admitted(conversationId: string): void;
  figures(): LinkFigures;
}

export interface LinkFigures {
  readonly links: Readonly<Record<LinkStateName, number>>;
  readonly breaker: BreakerState["name"];
  /** Process requests without an answer. */
  readonly pending: number;
  readonly reconnects: number;
  readonly retries: number;
  readonly overflows: number;
  readonly withoutPusher: number;
  readonly dropped: { readonly segments: number; readonly audioBytes: number; readonly samples: number };
}

/** What a link uses of the process. */
export interface SharedParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly breaker: Breaker;
  readonly ticker: LinkTicker;
  readonly connect: ConnectLink;
  readonly audioTimeline: boolean;
  /** Bytes of sound that one link may keep now. */
  readonly soundLimit: () => number;
  readonly counts: HandOffCounts & { reconnects: number };
  target(
    options: PusherLinkOptions,
    layout: Pcm8Layout,
  ): { readonly url: string; readonly headers: Readonly<Record<string, string>> };
  closed(link: SessionLink): void;
}

/** Throws HoldfastError `config_invalid` for a URL that is none. */
export function createPusherLinks(deps: PusherLinksDeps): PusherLinks {
  const { url: base, token, clock, random, log, audioTimeline = false } = deps;
  if (base !== undefined && !/^(http|ws)s?:$/.test(URL.parse(base)?.protocol ?? "")) {
    throw new HoldfastError("HOSTED_PUSHER_API_URL is not an http URL", {
      code: "config_invalid",
      class: "permanent_input",
    });
  }
  const links = new Set<SessionLink>();
  const gone = { segments: 0, audioBytes: 0, samples: 0 };
  let withoutPusher = 0;
  const shared: SharedParts = {
    clock,
    random,
    breaker: openBreaker(clock, log, deps.breakerStore),
    ticker: new LinkTicker(clock),
    connect: deps.connect ?? connectWebSocket,
    audioTimeline,
    soundLimit: () => soundShare(links.size),
    counts: { reconnects: 0, retries: 0, overflows: 0 },
    target: (options, layout) => ({
      url: linkUrl(base ?? "", options, layout, audioTimeline),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    }),
    closed(link) {
      links.delete(link);
      addTo(gone, link.dropped);
    },
  };
  if (base === undefined) {
    log.warn({ event: "no_pusher_configured" }, "no pusher is configured: finished conversations wait until one looks");
  }

  const admitted = (conversationId: string): void => {
    if (base !== undefined) return;
    withoutPusher += 1;
    log.error(
      { event: "handoff_without_pusher", conversationId },
      "a finished conversation waits in the store: no pusher is configured (HOSTED_PUSHER_API_URL)",
    );
  };

  return {
    admitted,
    open(options) {
      if (base === undefined) return { ...noLink, process: (request) => admitted(request.conversation_id) };
      const link = new SessionLink(options, shared);
      links.add(link);
      return link;
    },
    figures() {
      const counted: Record<LinkStateName, number> = {
        connected: 0,
        reconnect_backoff: 0,
        degraded: 0,
        half_open_probe: 0,
      };
      const dropped = { ...gone };
      let pending = 0;
      for (const link of links) {
        counted[link.state] += 1;
        pending += link.pending;
        addTo(dropped, link.dropped);
      }
      return { links: counted, breaker: shared.breaker.state.name, pending, withoutPusher, dropped, ...shared.counts };
    },
  };
}

const noLink: Omit<PusherLink, "process"> = {
  announce: () => {},
  transcript: () => {},
  audio: () => {},
  speakerSample: () => {},
  settled: () => {},
  connected: false,
  close: () => {},
};

function addTo(sum: Record<keyof LinkFigures["dropped"], number>, more: LinkFigures["dropped"]): void {
  sum.segments += more.segments;
  sum.audioBytes += more.audioBytes;
  sum.samples += more.samples;
}

/** `codec`, `audio_layout` and `channels` are ours and left out where the payload is what the reference says (see `encodeAudio`). */
function linkUrl(
  base: string,
  { userId, codec, sampleRate, channels = 1 }: PusherLinkOptions,
  layout: Pcm8Layout,
  audioTimeline: boolean,
): string {
  const url = new URL("/v1/trigger/listen", base.replace(/^http/, "ws"));
  url.searchParams.set("uid", userId);
  url.searchParams.set("sample_rate", String(sampleRate));
  if (codec !== "pcm16") url.searchParams.set("codec", codec);
  if (codec === "pcm8") url.searchParams.set("audio_layout", layout);
  if (channels > 1) url.searchParams.set("channels", String(channels));
  if (audioTimeline) url.searchParams.set("audio_timeline", String(PUSHER.timelineVersion));
  return url.toString();
}
