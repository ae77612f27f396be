/**
 * The words of a conversation with their times. Where somebody else begins to speak it says who; pressed, that can be changed. A
 * time whose sound is kept plays from there, and what is heard is marked.
 */
import type { Person } from "@holdfast/client";
import type { Conversation, Segment } from "@holdfast/contract";
import { Text, UnstyledButton } from "@mantine/core";
import { type JSX, memo, useCallback, useRef, useState } from "react";
import { clockTime } from "../i18n/amounts.ts";
import { useWords } from "../i18n/use-words.tsx";
import { useFollow } from "./follow-spoken.ts";
import { PlayerBar } from "./player-bar.tsx";
import { usePeople } from "./queries.ts";
import classes from "./transcript.module.css";
import { useListening, useSoundless } from "./use-player.ts";
import { isNewSpeaker, speakerName } from "./who.ts";
import { WhoDialog } from "./who-dialog.tsx";

export function Transcript({ conversation }: { readonly conversation: Conversation }): JSX.Element {
  const { t } = useWords();
  const { transcript_segments: segments } = conversation;
  const { data: people = NOBODY } = usePeople();
  const listening = useListening(conversation);
  const list = useRef<HTMLOListElement>(null);
  useFollow(list, listening.spokenId, listening.state.starts);
  // The dialog keeps what it is about while it fades out.
  const [asked, setAsked] = useState<Segment | null>(null);
  const [isAsking, setAsking] = useState(false);
  const ask = useCallback((segment: Segment): void => {
    setAsked(segment);
    setAsking(true);
  }, []);
  return (
    <>
      {listening.length === 0 && <NoSound conversation={conversation} />}
      <ol ref={list} className={classes.transcript} aria-label={t("conversation.transcript")}>
        {segments.map((segment, i) => (
          <Row
            key={segment.id}
            segment={segment}
            people={people}
            isNew={isNewSpeaker(segment, segments[i - 1])}
            isSpoken={segment.id === listening.spokenId}
            position={listening.heardFrom(segment)}
            onPlay={listening.player.playFrom}
            onAsk={ask}
          />
        ))}
      </ol>
      {listening.length > 0 && <PlayerBar listening={listening} />}
      <WhoDialog
        opened={isAsking}
        conversationId={conversation.id}
        segment={asked}
        people={people}
        onClose={() => setAsking(false)}
      />
    </>
  );
}

const NOBODY: readonly Person[] = [];

function NoSound({ conversation }: { readonly conversation: Conversation }): JSX.Element | null {
  const { t } = useWords();
  const why = useSoundless(conversation);
  if (why === "unknown") return null;
  return (
    <Text size="sm" c="dimmed" mb="sm" role="status">
      {why === "coming" ? t("conversation.sound.preparing") : t("conversation.sound.none")}
    </Text>
  );
}

interface RowProps {
  readonly segment: Segment;
  readonly people: readonly Person[];
  readonly isNew: boolean;
  readonly isSpoken: boolean;
  /** Where in the sound it is heard; undefined where it is not. */
  readonly position: number | undefined;
  readonly onPlay: (position: number) => void;
  readonly onAsk: (segment: Segment) => void;
}

/** Drawn anew only where something of it changed: while it plays, two of thousands do. */
const Row = memo(function Row({ segment, people, isNew, isSpoken, position, onPlay, onAsk }: RowProps): JSX.Element {
  const { t, say, amount } = useWords();
  const name = say(speakerName(segment, people));
  const time = amount(clockTime(segment.start * 1000));
  return (
    <li className={classes.segment} aria-current={isSpoken ? "time" : undefined}>
      {position === undefined ? (
        <span className={classes.time}>{time}</span>
      ) : (
        <UnstyledButton
          className={classes.time}
          aria-label={t("conversation.sound.from", { at: time })}
          onClick={() => onPlay(position)}
        >
          {time}
        </UnstyledButton>
      )}
      <div>
        {isNew && (
          <UnstyledButton
            className={classes.speaker}
            aria-label={t("conversation.who.open", { name })}
            onClick={() => onAsk(segment)}
          >
            <bdi>{name}</bdi>
          </UnstyledButton>
        )}
        <p className={classes.text} dir="auto">
          {segment.text}
        </p>
      </div>
    </li>
  );
});
