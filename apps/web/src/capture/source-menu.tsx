/**
 * What is recorded: which microphone, and the sound of a tab or screen beside it. Hidden where there is nothing to choose: one
 * microphone, and a browser that shares no sound.
 */
import "@mantine/core/styles/Menu.css";
import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconAdjustmentsHorizontal, IconCheck, IconDeviceDesktop, IconDeviceDesktopOff } from "@tabler/icons-react";
import { type JSX, useEffect, useSyncExternalStore } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import type { RecordingState } from "./recording-state.ts";
import { canShareSound, openSharedSound } from "./shared-sound.ts";
import classes from "./source-menu.module.css";

/** No microphone has this id. */
const SYSTEM = "";

export function SourceMenu({ phase, shared }: Pick<RecordingState, "phase" | "shared">): JSX.Element | null {
  const { inputs } = useServices();
  const { t } = useWords();
  const { list, chosen } = useSyncExternalStore(inputs.subscribe, inputs.snapshot);
  useEffect(() => void inputs.refresh(), [inputs]);
  const hasChoice = list.length > 1 || (chosen !== null && list.length > 0);
  if (!hasChoice && !canShareSound()) return null;
  return (
    <Menu
      position="bottom-start"
      withinPortal={false}
      withInitialFocusPlaceholder={false}
      checkIcon={<IconCheck size={16} aria-hidden />}
    >
      <Menu.Target>
        <Tooltip label={t("capture.sources")}>
          <ActionIcon
            variant="default"
            radius="xl"
            size={40}
            className={classes.menu}
            aria-label={t("capture.sources")}
            disabled={phase === "asking" || phase === "stopping"}
          >
            <IconAdjustmentsHorizontal size={20} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown className={classes.dropdown}>
        {hasChoice && <Microphones />}
        {hasChoice && canShareSound() && <Menu.Divider />}
        {canShareSound() && <SharedItem isRunning={phase === "recording"} isOn={shared === "on"} />}
      </Menu.Dropdown>
    </Menu>
  );
}

function Microphones(): JSX.Element {
  const { inputs } = useServices();
  const { t } = useWords();
  const { list, chosen, isGone } = useSyncExternalStore(inputs.subscribe, inputs.snapshot);
  const choose = (id: string): void => inputs.choose(list.find((each) => each.id === id) ?? null);
  return (
    <>
      <Menu.Label>{t("capture.sources.microphone")}</Menu.Label>
      <Menu.RadioGroup value={chosen?.id ?? SYSTEM} onChange={choose}>
        <Menu.RadioItem value={SYSTEM} closeMenuOnClick>
          {t("capture.sources.system")}
        </Menu.RadioItem>
        {isGone && chosen !== null && (
          <Menu.RadioItem value={chosen.id} disabled>
            {t("capture.sources.gone", { name: chosen.label })}
          </Menu.RadioItem>
        )}
        {list.map(({ id, label }) => (
          <Menu.RadioItem key={id} value={id} closeMenuOnClick>
            <bdi>{label}</bdi>
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </>
  );
}

function SharedItem({ isRunning, isOn }: { readonly isRunning: boolean; readonly isOn: boolean }): JSX.Element {
  const { recorder } = useServices();
  const { t } = useWords();
  if (isOn) {
    return (
      <Menu.Item leftSection={<IconDeviceDesktopOff size={18} aria-hidden />} onClick={() => recorder.unshare()}>
        {t("capture.shared.stop")}
      </Menu.Item>
    );
  }
  return (
    <Menu.Item
      leftSection={<IconDeviceDesktop size={18} aria-hidden />}
      onClick={() => void recorder.share(openSharedSound)}
    >
      {t(isRunning ? "capture.shared.add" : "capture.shared.record")}
    </Menu.Item>
  );
}
