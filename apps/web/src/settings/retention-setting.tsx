/** After how many days copies that the server confirmed are removed from this device. */
import type { HoldfastClient } from "@holdfast/client";
import { NativeSelect } from "@mantine/core";
import { type JSX, useState } from "react";
import { RETENTION_CHOICES, setRetentionDays } from "../device/retention.ts";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";

export function RetentionSetting({ client }: { readonly client: HoldfastClient }): JSX.Element {
  const { syncing } = useServices();
  const { t } = useWords();
  const [days, setDays] = useState(client.sync.retentionDays);
  const choose = async (value: number | null): Promise<void> => {
    setDays(value);
    await setRetentionDays(client, value);
    syncing.refresh();
  };
  return (
    <NativeSelect
      label={t("settings.retention")}
      description={t("settings.retention.description")}
      value={String(days)}
      data={RETENTION_CHOICES.map((each) => ({
        value: String(each),
        label: each === null ? t("settings.retention.never") : t("settings.retention.days", { days: each }),
      }))}
      onChange={({ currentTarget: { value } }) => void choose(value === "null" ? null : Number(value))}
    />
  );
}
