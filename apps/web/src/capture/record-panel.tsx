/** The place to record: one big button, and while it runs, what is heard, what is said and where the sound is. */
import { Alert, Button, FileButton, Group, Loader, Text } from "@mantine/core";
import {
  IconAlertCircle,
  IconCloudCheck,
  IconCloudOff,
  IconDeviceFloppy,
  IconMicrophoneFilled,
  IconPlayerStopFilled,
  IconUpload,
} from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { type JSX, lazy, type ReactElement, Suspense, useEffect } from "react";
import { clockTime, wholeSeconds } from "../i18n/amounts.ts";
import { Rich, useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { SOUND_TYPES } from "../uploads/upload-words.ts";
import { LevelMeter } from "./level-meter.tsx";
import { LiveWords } from "./live-words.tsx";
import { describeProblem } from "./problem.ts";
import classes from "./record-panel.module.css";
import { onlyHereMs, type RecordingState } from "./recording-state.ts";
import { recordingNotice } from "./recording-words.ts";
import { useRecording } from "./use-recording.ts";

/** Recording needs no menu: it comes after the first load, and where it does not come it is not missed. */
const SourceMenu = lazy(() =>
  import("./source-menu.tsx").then(
    (module) => ({ default: module.SourceMenu }),
    () => ({ default: () => null }),
  ),
);

export function RecordPanel(): JSX.Element {
  const { recorder } = useServices();
  const { t, amount } = useWords();
  const recording = useRecording();
  useOutcome(recording);
  const isRunning = recording.phase === "recording" || recording.phase === "stopping";
  return (
    <section
      className={classes.panel}
      aria-label={t("capture.record")}
      data-phase={recording.phase}
      data-running={isRunning}
    >
      {isRunning && (
        <Text className={classes.clock} role="timer" aria-label={t("capture.length")}>
          {amount(clockTime(recording.capturedMs))}
        </Text>
      )}
      {isRunning && <LevelMeter />}
      <div className={classes.buttons}>
        <RecordButton recording={recording} />
        <Suspense>
          <SourceMenu phase={recording.phase} shared={recording.shared} />
        </Suspense>
      </div>
      {isRunning ? <WhereItIs recording={recording} /> : <Invitation phase={recording.phase} />}
      {recording.phase === "failed" && <Problem recording={recording} />}
      {recording.outcome?.isKept === true && <Kept />}
      {recording.phase === "idle" && recording.outcome?.conversationId === null && !recording.outcome.isKept && (
        <Alert
          color="gray"
          role="status"
          withCloseButton
          closeButtonLabel={t("capture.close_note")}
          onClose={() => recorder.dismiss()}
        >
          {t("capture.nothing_said")}
        </Alert>
      )}
      {isRunning && <LiveWords {...recording} />}
    </section>
  );
}

/** A recording that became a conversation is shown, once, if the person is still here. */
function useOutcome({ outcome, phase }: RecordingState): void {
  const { recorder } = useServices();
  const navigate = useNavigate();
  const id = outcome?.conversationId;
  useEffect(() => {
    if (phase !== "idle" || id === undefined || id === null) return;
    recorder.dismiss();
    void navigate({ to: "/conversations/$id", params: { id } });
  }, [id, phase, recorder, navigate]);
}

/** The server does not have all of it yet; the recording is over nevertheless. */
function Kept(): JSX.Element {
  const { recorder } = useServices();
  const { t } = useWords();
  return (
    <Alert
      color="gray"
      role="status"
      className={classes.problem}
      icon={<IconDeviceFloppy aria-hidden />}
      title={t("capture.kept.title")}
      withCloseButton
      closeButtonLabel={t("capture.close_note")}
      onClose={() => recorder.dismiss()}
    >
      {t("capture.kept.text")}{" "}
      <Link to="/sync" className={classes.link}>
        {t("capture.kept.link")}
      </Link>
    </Alert>
  );
}

function RecordButton({ recording }: { readonly recording: RecordingState }): JSX.Element {
  const { recorder } = useServices();
  const { t } = useWords();
  const { phase } = recording;
  if (phase === "recording" || phase === "stopping") {
    return (
      <button
        type="button"
        className={classes.button}
        data-kind="stop"
        disabled={phase === "stopping"}
        aria-label={phase === "stopping" ? t("capture.finishing") : t("capture.stop")}
        onClick={() => void recorder.stop()}
      >
        {phase === "stopping" ? <Loader color="#fff" size={30} /> : <IconPlayerStopFilled size={34} aria-hidden />}
      </button>
    );
  }
  return (
    <button
      type="button"
      className={classes.button}
      data-kind="record"
      disabled={phase === "asking"}
      aria-label={t("capture.record")}
      onClick={() => void recorder.start()}
    >
      <IconMicrophoneFilled size={44} aria-hidden />
    </button>
  );
}

function Invitation({ phase }: Pick<RecordingState, "phase">): JSX.Element {
  const { imports } = useServices();
  const { t } = useWords();
  return (
    <div className={classes.invitation}>
      <Text size="lg" fw={600} role="status">
        {phase === "asking" ? t("capture.allow") : t("capture.press")}
      </Text>
      <Group gap={6} justify="center" c="dimmed">
        <Text component="span" size="sm">
          {t("capture.drop")}
        </Text>
        <FileButton accept={SOUND_TYPES} multiple onChange={(files) => void imports.add(files)}>
          {(props) => (
            <Button {...props} variant="subtle" size="compact-sm" leftSection={<IconUpload size={16} aria-hidden />}>
              {t("capture.choose_files")}
            </Button>
          )}
        </FileButton>
      </Group>
    </div>
  );
}

function WhereItIs({ recording }: { readonly recording: RecordingState }): JSX.Element {
  const isAway = recording.link === "reconnecting" || recording.link === "refused";
  const { t } = useWords();
  const notice = recordingNotice(recording);
  const strong = (inside: readonly (string | ReactElement)[]): ReactElement => <strong>{inside}</strong>;
  const safe = wholeSeconds(Math.floor(recording.safeMs / 1000) * 1000);
  const onlyHere = wholeSeconds(Math.ceil(onlyHereMs(recording) / 1000) * 1000);
  return (
    <div className={classes.where} data-away={isAway}>
      <Text size="sm" component="div" className={classes.facts} data-testid="safety">
        {isAway ? <IconCloudOff size={18} aria-hidden /> : <IconCloudCheck size={18} aria-hidden />}
        <span>
          <Rich id="capture.safe" values={{ length: safe, strong }} />
        </span>
        <span>
          <Rich id="capture.only_here" values={{ length: onlyHere, strong }} />
        </span>
        {recording.shared === "on" && <span>{t("capture.shared.on")}</span>}
      </Text>
      <Text size="sm" role="status" className={classes.notice}>
        {notice === null ? "" : t(notice)}
      </Text>
    </div>
  );
}

function Problem({ recording }: { readonly recording: RecordingState }): JSX.Element | null {
  const { recorder } = useServices();
  const { t } = useWords();
  if (recording.problem === null) return null;
  const { title, advice } = describeProblem(recording.problem);
  const id = recording.outcome?.conversationId;
  return (
    <Alert
      color="red"
      variant="light"
      role="alert"
      className={classes.problem}
      icon={<IconAlertCircle aria-hidden />}
      title={t(title)}
      withCloseButton
      closeButtonLabel={t("capture.close_message")}
      onClose={() => recorder.dismiss()}
    >
      {t(advice)}{" "}
      {id !== undefined && id !== null && (
        <Link to="/conversations/$id" params={{ id }}>
          {t("capture.open_recorded")}
        </Link>
      )}
    </Alert>
  );
}
