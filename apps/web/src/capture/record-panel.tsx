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
import { type JSX, useEffect } from "react";
import { clockTime, wholeSeconds } from "../shell/amounts.ts";
import { useServices } from "../shell/services.ts";
import { SOUND_TYPES } from "../uploads/upload-words.ts";
import { LevelMeter } from "./level-meter.tsx";
import { LiveWords } from "./live-words.tsx";
import { describeProblem } from "./problem.ts";
import classes from "./record-panel.module.css";
import { onlyHereMs, type RecordingState } from "./recording-state.ts";
import { recordingNotice } from "./recording-words.ts";
import { useRecording } from "./use-recording.ts";

export function RecordPanel(): JSX.Element {
  const { recorder } = useServices();
  const recording = useRecording();
  useOutcome(recording);
  const isRunning = recording.phase === "recording" || recording.phase === "stopping";
  return (
    <section className={classes.panel} aria-label="Record" data-phase={recording.phase} data-running={isRunning}>
      {isRunning && (
        <Text className={classes.clock} role="timer" aria-label="Length of this recording">
          {clockTime(recording.capturedMs)}
        </Text>
      )}
      {isRunning && <LevelMeter />}
      <RecordButton recording={recording} />
      {isRunning ? <WhereItIs recording={recording} /> : <Invitation phase={recording.phase} />}
      {recording.phase === "failed" && <Problem recording={recording} />}
      {recording.outcome?.isKept === true && <Kept />}
      {recording.phase === "idle" && recording.outcome?.conversationId === null && !recording.outcome.isKept && (
        <Alert
          color="gray"
          role="status"
          withCloseButton
          closeButtonLabel="Close this note"
          onClose={() => recorder.dismiss()}
        >
          Nothing was said in that recording, so there was nothing to keep.
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
  return (
    <Alert
      color="gray"
      role="status"
      className={classes.problem}
      icon={<IconDeviceFloppy aria-hidden />}
      title="The recording is kept on this device"
      withCloseButton
      closeButtonLabel="Close this note"
      onClose={() => recorder.dismiss()}
    >
      The server does not have all of it yet. The rest goes up by itself as soon as it can, also after this page was
      closed and opened again.{" "}
      <Link to="/sync" className={classes.link}>
        See where it is
      </Link>
    </Alert>
  );
}

function RecordButton({ recording }: { readonly recording: RecordingState }): JSX.Element {
  const { recorder } = useServices();
  const { phase } = recording;
  if (phase === "recording" || phase === "stopping") {
    return (
      <button
        type="button"
        className={classes.button}
        data-kind="stop"
        disabled={phase === "stopping"}
        aria-label={phase === "stopping" ? "Finishing the recording" : "Stop recording"}
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
      aria-label="Record"
      onClick={() => void recorder.start()}
    >
      <IconMicrophoneFilled size={44} aria-hidden />
    </button>
  );
}

function Invitation({ phase }: Pick<RecordingState, "phase">): JSX.Element {
  const { imports } = useServices();
  return (
    <div className={classes.invitation}>
      <Text size="lg" fw={600} role="status">
        {phase === "asking" ? "Allow the microphone to begin" : "Press to record"}
      </Text>
      <Group gap={6} justify="center" c="dimmed">
        <Text component="span" size="sm">
          or drop a sound file anywhere
        </Text>
        <FileButton accept={SOUND_TYPES} multiple onChange={(files) => void imports.add(files)}>
          {(props) => (
            <Button {...props} variant="subtle" size="compact-sm" leftSection={<IconUpload size={16} aria-hidden />}>
              Choose files
            </Button>
          )}
        </FileButton>
      </Group>
    </div>
  );
}

function WhereItIs({ recording }: { readonly recording: RecordingState }): JSX.Element {
  const isAway = recording.link === "reconnecting" || recording.link === "refused";
  const onlyHere = onlyHereMs(recording);
  return (
    <div className={classes.where} data-away={isAway}>
      <Text size="sm" component="div" className={classes.facts} data-testid="safety">
        {isAway ? <IconCloudOff size={18} aria-hidden /> : <IconCloudCheck size={18} aria-hidden />}
        <span>
          Safe on the server: <strong>{wholeSeconds(Math.floor(recording.safeMs / 1000) * 1000)}</strong>
        </span>
        <span>
          Only here: <strong>{wholeSeconds(Math.ceil(onlyHere / 1000) * 1000)}</strong>
        </span>
      </Text>
      <Text size="sm" role="status" className={classes.notice}>
        {recordingNotice(recording)}
      </Text>
    </div>
  );
}

function Problem({ recording }: { readonly recording: RecordingState }): JSX.Element | null {
  const { recorder } = useServices();
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
      title={title}
      withCloseButton
      closeButtonLabel="Close this message"
      onClose={() => recorder.dismiss()}
    >
      {advice}{" "}
      {id !== undefined && id !== null && (
        <Link to="/conversations/$id" params={{ id }}>
          Open what was recorded
        </Link>
      )}
    </Alert>
  );
}
