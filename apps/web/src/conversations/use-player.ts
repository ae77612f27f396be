/** The player of the conversation on show: made for it, given its links, and silent when the page is left. */
import type { SoundAnswer } from "@holdfast/client";
import type { Conversation, Segment } from "@holdfast/contract";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { useServices } from "../shell/services.ts";
import { CONVERSATIONS, SOUND } from "./keys.ts";
import { ofThisServer, Player, type PlayState } from "./player.ts";
import { heardFrom, placeOf, soundLength, soundSpans, spokenAt } from "./sound-place.ts";
import { stateWords } from "./state-words.ts";

/** Shorter than a link works. */
const LINK_FRESH_MS = 50 * 60_000;

/** Asks for the sound while `isWanted`, and again until the server has prepared it. */
export function useSound(id: string, isWanted: boolean): UseQueryResult<SoundAnswer> {
  const { api } = useServices();
  return useQuery({
    queryKey: [...SOUND, id],
    queryFn: ({ signal }) => api.getSound(id, signal),
    enabled: isWanted,
    staleTime: LINK_FRESH_MS,
    refetchInterval: ({ state }) => state.data?.pollAfterMs ?? false,
  });
}

/** `coming`: it is still being put away. `unknown`: the conversation is not finished, or nobody answered. */
export function useSoundless(conversation: Conversation): "none" | "coming" | "unknown" {
  const { queries } = useServices();
  const isOver = stateWords(conversation)?.unfinished !== true;
  const hasSound = soundSpans(conversation).length > 0;
  const { data } = useSound(conversation.id, isOver && !hasSound);
  const isComing = data?.sound?.status === "pending";
  const wasComing = useRef(false);
  useEffect(() => {
    // The conversation says what sound it has, and had none yet.
    if (wasComing.current && !isComing) void queries.invalidateQueries({ queryKey: CONVERSATIONS });
    wasComing.current = isComing;
  }, [isComing, queries]);
  if (isComing) return "coming";
  return isOver && data !== undefined && data.sound === null ? "none" : "unknown";
}

export interface Listening {
  readonly player: Player;
  readonly state: PlayState;
  /** The segment that is heard now; null before anything was played, and in silences. */
  readonly spokenId: string | null;
  /** Where in the sound a segment begins; undefined where no sound of it was kept. */
  heardFrom(segment: Segment): number | undefined;
  /** Seconds. */
  readonly length: number;
}

export function useListening(conversation: Conversation): Listening {
  const { id, transcript_segments: segments } = conversation;
  const { queries } = useServices();
  const [isWanted, setWanted] = useState(false);
  const { data, isError, isFetching } = useSound(id, isWanted);
  const [player] = useState(
    () =>
      new Player(new Audio(), () => {
        setWanted(true);
        void queries.invalidateQueries({ queryKey: [...SOUND, id] });
      }),
  );
  const state = useSyncExternalStore(player.subscribe, player.snapshot);
  useEffect(() => () => player.close(), [player]);
  const { phase } = state;
  useEffect(() => {
    // What was known before is not the fresh link that is asked for.
    if (phase !== "preparing" || isFetching) return;
    const link = data?.sound?.signed_url ?? null;
    if (link !== null) player.use(ofThisServer(link));
    else if (isError || (data !== undefined && data.pollAfterMs === null)) player.fail();
  }, [player, phase, data, isError, isFetching]);

  const spans = useMemo(() => soundSpans(conversation), [conversation]);
  const isHeard = phase === "playing" || state.position > 0;
  return {
    ...{ player, state, length: soundLength(spans) },
    spokenId: spans.length > 0 && isHeard ? spokenAt(segments, placeOf(spans, state.position)) : null,
    heardFrom: (segment) => heardFrom(spans, segment),
  };
}
