/** On other pages: a recording is running, and the way back to it. */
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";
import { clockTime } from "../i18n/amounts.ts";
import { useWords } from "../i18n/use-words.tsx";
import classes from "./recording-sign.module.css";
import { useRecording } from "./use-recording.ts";

export function RecordingSign(): JSX.Element | null {
  const { phase, capturedMs } = useRecording();
  const { t, amount } = useWords();
  if (phase !== "recording" && phase !== "stopping") return null;
  return (
    <Link to="/" className={classes.sign}>
      <span className={classes.dot} aria-hidden />
      <span className={classes.words}>
        {phase === "recording"
          ? t("capture.sign.recording", { length: clockTime(capturedMs) })
          : t("capture.sign.finishing")}
      </span>
      {/* What a phone has room for. */}
      <span className={classes.short} aria-hidden>
        {amount(clockTime(capturedMs))}
      </span>
    </Link>
  );
}
