/** Play, pause, jump and speed for the sound of a conversation, which stay in reach while its words are read. */
import { ActionIcon, Alert, NativeSelect, Text, Tooltip } from "@mantine/core";
import {
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconRewindBackward10,
  IconRewindForward10,
} from "@tabler/icons-react";
import type { JSX } from "react";
import { clockTime } from "../i18n/amounts.ts";
import { useWords } from "../i18n/use-words.tsx";
import classes from "./player-bar.module.css";
import type { Listening } from "./use-player.ts";

const JUMP_S = 10;
const RATES = [0.75, 1, 1.25, 1.5, 2] as const;

export function PlayerBar({ listening }: { readonly listening: Listening }): JSX.Element {
  const { t } = useWords();
  const { player, state, length } = listening;
  const jump = (seconds: number): void => player.seek(Math.min(Math.max(0, state.position + seconds), length));
  return (
    <section
      className={classes.player}
      aria-label={t("conversation.sound")}
      data-testid="player"
      data-state={state.phase}
    >
      {state.phase === "failed" && (
        <Alert color="red" role="alert" py={6}>
          {t("conversation.sound.failed")}
        </Alert>
      )}
      <div className={classes.controls}>
        <Jump
          label={t("conversation.sound.back")}
          icon={<IconRewindBackward10 size={22} aria-hidden />}
          onJump={() => jump(-JUMP_S)}
        />
        <PlayButton listening={listening} />
        <Jump
          label={t("conversation.sound.forward")}
          icon={<IconRewindForward10 size={22} aria-hidden />}
          onJump={() => jump(JUMP_S)}
        />
        <Position listening={listening} />
        <Rate rate={state.rate} onChange={player.setRate} />
      </div>
      <Text size="sm" c="dimmed" role="status" className={classes.note}>
        {state.phase === "preparing" && t("conversation.sound.preparing")}
      </Text>
    </section>
  );
}

interface JumpProps {
  readonly label: string;
  readonly icon: JSX.Element;
  readonly onJump: () => void;
}

function Jump({ label, icon, onJump }: JumpProps): JSX.Element {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={label} onClick={onJump}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

function PlayButton({ listening: { player, state } }: { readonly listening: Listening }): JSX.Element {
  const { t } = useWords();
  const isOn = state.phase === "playing" || state.phase === "preparing";
  const label = isOn ? t("conversation.sound.pause") : t("conversation.sound.play");
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="filled"
        size={44}
        radius="xl"
        aria-label={label}
        aria-busy={state.phase === "preparing"}
        onClick={isOn ? player.pause : player.play}
      >
        {isOn ? <IconPlayerPauseFilled size={22} aria-hidden /> : <IconPlayerPlayFilled size={22} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  );
}

function Position({ listening: { player, state, length } }: { readonly listening: Listening }): JSX.Element {
  const { t, amount } = useWords();
  const at = amount(clockTime(state.position * 1000));
  const whole = amount(clockTime(length * 1000));
  return (
    <>
      <input
        type="range"
        className={classes.range}
        aria-label={t("conversation.sound.position")}
        aria-valuetext={t("conversation.sound.at", { at, length: whole })}
        min={0}
        max={Math.ceil(length)}
        step={1}
        value={Math.round(state.position)}
        onChange={({ currentTarget }) => player.seek(Math.min(currentTarget.valueAsNumber, length))}
      />
      <span className={classes.times} aria-hidden>
        {t("conversation.sound.at", { at, length: whole })}
      </span>
    </>
  );
}

function Rate({ rate, onChange }: { readonly rate: number; readonly onChange: (rate: number) => void }): JSX.Element {
  const { t } = useWords();
  return (
    <NativeSelect
      aria-label={t("conversation.sound.rate")}
      className={classes.rate}
      size="xs"
      value={String(rate)}
      data={RATES.map((each) => ({ value: String(each), label: t("conversation.sound.times", { rate: each }) }))}
      onChange={({ currentTarget }) => onChange(Number(currentTarget.value))}
    />
  );
}
