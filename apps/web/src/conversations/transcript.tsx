/** The words of a conversation with their times. Where somebody else begins to speak it says who; pressed, that can be changed. */
import type { Segment } from "@holdfast/contract";
import { UnstyledButton } from "@mantine/core";
import { type JSX, useState } from "react";
import { clockTime } from "../i18n/amounts.ts";
import { useWords } from "../i18n/use-words.tsx";
import { usePeople } from "./queries.ts";
import classes from "./transcript.module.css";
import { isNewSpeaker, speakerName } from "./who.ts";
import { WhoDialog } from "./who-dialog.tsx";

interface Props {
  readonly conversationId: string;
  readonly segments: readonly Segment[];
}

export function Transcript({ conversationId, segments }: Props): JSX.Element {
  const { t, say, amount } = useWords();
  const { data: people = [] } = usePeople();
  // The dialog keeps what it is about while it fades out.
  const [asked, setAsked] = useState<Segment | null>(null);
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <ol className={classes.transcript} aria-label={t("conversation.transcript")}>
        {segments.map((segment, i) => {
          const name = say(speakerName(segment, people));
          return (
            <li key={segment.id} className={classes.segment}>
              <span className={classes.time}>{amount(clockTime(segment.start * 1000))}</span>
              <div>
                {isNewSpeaker(segment, segments[i - 1]) && (
                  <UnstyledButton
                    className={classes.speaker}
                    aria-label={t("conversation.who.open", { name })}
                    onClick={() => {
                      setAsked(segment);
                      setAsking(true);
                    }}
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
        })}
      </ol>
      <WhoDialog
        opened={isAsking}
        conversationId={conversationId}
        segment={asked}
        people={people}
        onClose={() => setAsking(false)}
      />
    </>
  );
}
