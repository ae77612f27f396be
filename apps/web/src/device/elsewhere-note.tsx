/** Said where recordings cannot be used here, and why; nothing while they can. */
import { Alert } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { useDevice } from "./use-device.ts";

export function ElsewhereNote(): JSX.Element | null {
  const { t } = useWords();
  const device = useDevice();
  if (device.name === "elsewhere" || (device.name === "unavailable" && device.code === "log_in_use")) {
    return (
      <Alert color="gray" role="status" icon={<IconAlertCircle aria-hidden />} title={t("device.elsewhere.title")}>
        {t("device.elsewhere.text")}
      </Alert>
    );
  }
  if (device.name !== "unavailable") return null;
  return (
    <Alert color="gray" role="alert" icon={<IconAlertCircle aria-hidden />} title={t("device.unavailable.title")}>
      {device.code === "insecure_page" ? t("device.unavailable.insecure") : t("device.unavailable.no_storage")}
    </Alert>
  );
}
