/**
 * The words of the running recording. Segments keep their place and their element while they grow, so nothing jumps and a
 * screen reader hears additions only. The view follows the newest words unless the person scrolled up to read.
 */
import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type JSX, useEffect, useRef } from "react";
import { clockTime } from "../i18n/amounts.ts";
import type { MessageId } from "../i18n/message.ts";
import { Rich, useWords } from "../i18n/use-words.tsx";
import classes from "./live-words.module.css";
import type { RecordingState, Transcription } from "./recording-state.ts";

const FOLLOW_WITHIN_PX = 48;

type Props = Pick<RecordingState, "segments" | "earlier" | "transcription">;

const INVITATION: Readonly<Record<Transcription, MessageId | null>> = {
  starting: "capture.invitation.starting",
  ready: "capture.invitation.ready",
  recovering: null,
  failed: null,
};

export function LiveWords({ segments, earlier, transcription }: Props): JSX.Element {
  const words = useWords();
  const invitation = INVITATION[transcription];
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
    <section ref={box} onScroll={onScroll} className={classes.words} aria-label={words.t("capture.live")} tabIndex={0}>
      {earlier.map((id) => (
        <Text key={id} size="sm" c="dimmed">
          <Rich
            id="capture.earlier"
            values={{
              link: (inside) => (
                <Link to="/conversations/$id" params={{ id }}>
                  {inside}
                </Link>
              ),
            }}
          />
        </Text>
      ))}
      <div role="log" aria-live="polite">
        {segments.length === 0 ? (
          <p className={classes.waiting}>{invitation === null ? "" : words.t(invitation)}</p>
        ) : (
          segments.map((segment) => (
            <p key={segment.id} className={classes.line} data-testid="live-segment" data-segment={segment.id}>
              <span className={classes.time}>{words.amount(clockTime(segment.start * 1000))}</span>
              <span dir="auto">{segment.text}</span>
            </p>
          ))
        )}
      </div>
    </section>
  );
}
