/** The words of a conversation with their times; speakers are named only where there is more than one. */
import type { Segment } from "@holdfast/contract";
import type { JSX } from "react";
import { clockTime } from "../i18n/amounts.ts";
import { type Message, message } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import classes from "./transcript.module.css";

export function Transcript({ segments }: { readonly segments: readonly Segment[] }): JSX.Element {
  const { t, say, amount } = useWords();
  const speakers = new Set(segments.map((segment) => segment.speaker_id));
  return (
    <ol className={classes.transcript} aria-label={t("conversation.transcript")}>
      {segments.map((segment, i) => {
        const isNewSpeaker = speakers.size > 1 && segments[i - 1]?.speaker_id !== segment.speaker_id;
        return (
          <li key={segment.id} className={classes.segment}>
            <span className={classes.time}>{amount(clockTime(segment.start * 1000))}</span>
            <div>
              {isNewSpeaker && <span className={classes.speaker}>{say(speakerName(segment))}</span>}
              <p className={classes.text} dir="auto">
                {segment.text}
              </p>
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function speakerName(segment: Segment): Message {
  return segment.is_user
    ? message("conversation.you")
    : message("conversation.speaker", { number: segment.speaker_id + 1 });
}
