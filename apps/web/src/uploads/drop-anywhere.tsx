/** The whole page takes files: while one is held over it, it says so. */
import { Stack, Text } from "@mantine/core";
import { Dropzone } from "@mantine/dropzone";
import { IconFileMusic } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { SOUND_FORMATS } from "./upload-words.ts";

export function DropAnywhere(): JSX.Element {
  const { imports } = useServices();
  const { t, amount } = useWords();
  const navigate = useNavigate();
  return (
    <Dropzone.FullScreen
      // No filter by type: browsers guess it from the name. The server judges by content and says why it refuses.
      onDrop={(files) => {
        void imports.add(files);
        void navigate({ to: "/" });
      }}
      // Only for the pointer, and invisible until a file is held over the page; the button beside it is for everybody.
      aria-hidden
      activateOnClick={false}
      activateOnKeyboard={false}
    >
      <Stack align="center" justify="center" gap="xs" mih="60vh" style={{ pointerEvents: "none" }}>
        <IconFileMusic size={56} stroke={1.4} aria-hidden />
        <Text size="xl" fw={600}>
          {t("upload.drop")}
        </Text>
        <Text c="dimmed">{amount(SOUND_FORMATS)}</Text>
      </Stack>
    </Dropzone.FullScreen>
  );
}
