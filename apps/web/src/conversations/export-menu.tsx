/** The forms in which a conversation can be kept outside, as a menu; its sound is one of them where it was kept. */
import "@mantine/core/styles/Menu.css";
import type { ExportFormat } from "@holdfast/client";
import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";

interface Props {
  readonly hasSound: boolean;
  readonly isSaving: boolean;
  readonly onSave: (format: ExportFormat | "audio") => void;
}

const FORMATS = ["markdown", "txt", "srt", "vtt", "json"] as const satisfies readonly ExportFormat[];

export function ExportMenu({ hasSound, isSaving, onSave }: Props): JSX.Element {
  const { t } = useWords();
  return (
    <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Tooltip label={t("conversation.export")}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("conversation.export")} loading={isSaving}>
            <IconDownload size={20} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMATS.map((format) => (
          <Menu.Item key={format} onClick={() => onSave(format)}>
            {t(`conversation.export.${format}`)}
          </Menu.Item>
        ))}
        {hasSound && <Menu.Item onClick={() => onSave("audio")}>{t("conversation.export.audio")}</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}
