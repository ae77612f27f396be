/** The words of a conversation with their times; speakers are named only where there is more than one. */
import type { Segment } from "@holdfast/contract";
import type { JSX } from "react";
import { clockTime } from "../shell/amounts.ts";
import classes from "./transcript.module.css";

export function Transcript({ segments }: { readonly segments: readonly Segment[] }): JSX.Element {
  const speakers = new Set(segments.map((segment) => segment.speaker_id));
  return (
    <ol className={classes.transcript} aria-label="Transcript">
      {segments.map((segment, i) => {
        const isNewSpeaker = speakers.size > 1 && segments[i - 1]?.speaker_id !== segment.speaker_id;
        return (
          <li key={segment.id} className={classes.segment}>
            <span className={classes.time}>{clockTime(segment.start * 1000)}</span>
            <div>
              {isNewSpeaker && <span className={classes.speaker}>{speakerName(segment)}</span>}
              <p className={classes.text}>{segment.text}</p>
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function speakerName(segment: Segment): string {
  return segment.is_user ? "You" : `Speaker ${segment.speaker_id + 1}`;
}
