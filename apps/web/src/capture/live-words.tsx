/**
 * The words of the running recording. Segments keep their place and their element while they grow, so nothing jumps and a
 * screen reader hears additions only. The view follows the newest words unless the person scrolled up to read.
 */
import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type JSX, useEffect, useRef } from "react";
import { clockTime } from "../shell/amounts.ts";
import classes from "./live-words.module.css";
import type { RecordingState, Transcription } from "./recording-state.ts";

const FOLLOW_WITHIN_PX = 48;

type Props = Pick<RecordingState, "segments" | "earlier" | "transcription">;

const INVITATION: Readonly<Record<Transcription, string>> = {
  starting: "Getting ready to write. What you say is kept from the first moment.",
  ready: "Say something. Your words appear here.",
  recovering: "",
  failed: "",
};

export function LiveWords({ segments, earlier, transcription }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new words are the reason to scroll, though only the box is read
  useEffect(() => {
    const view = box.current;
    if (view !== null && follows.current) view.scrollTop = view.scrollHeight;
  }, [segments]);
  const onScroll = (): void => {
    const view = box.current;
    if (view !== null) follows.current = view.scrollHeight - view.scrollTop - view.clientHeight < FOLLOW_WITHIN_PX;
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section ref={box} onScroll={onScroll} className={classes.words} aria-label="Live transcript" tabIndex={0}>
      {earlier.map((id) => (
        <Text key={id} size="sm" c="dimmed">
          After a long silence the words before it became{" "}
          <Link to="/conversations/$id" params={{ id }}>
            a conversation of their own
          </Link>
          .
        </Text>
      ))}
      <div role="log" aria-live="polite">
        {segments.length === 0 ? (
          <p className={classes.waiting}>{INVITATION[transcription]}</p>
        ) : (
          segments.map((segment) => (
            <p key={segment.id} className={classes.line} data-testid="live-segment" data-segment={segment.id}>
              <span className={classes.time}>{clockTime(segment.start * 1000)}</span>
              <span>{segment.text}</span>
            </p>
          ))
        )}
      </div>
    </section>
  );
}
