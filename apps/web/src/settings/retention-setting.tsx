/** After how many days copies that the server confirmed are removed from this device. */
import type { HoldfastClient } from "@holdfast/client";
import { NativeSelect } from "@mantine/core";
import { type JSX, useState } from "react";
import { RETENTION_CHOICES, setRetentionDays } from "../device/retention.ts";
import { useServices } from "../shell/services.ts";

export function RetentionSetting({ client }: { readonly client: HoldfastClient }): JSX.Element {
  const { syncing } = useServices();
  const [days, setDays] = useState(client.sync.retentionDays);
  const choose = async (value: number | null): Promise<void> => {
    setDays(value);
    await setRetentionDays(client, value);
    syncing.refresh();
  };
  return (
    <NativeSelect
      label="Remove copies from this device"
      description="Only what the server has confirmed; its conversation stays."
      value={String(days)}
      data={RETENTION_CHOICES.map((each) => ({ value: String(each), label: choiceWords(each) }))}
      onChange={({ currentTarget: { value } }) => void choose(value === "null" ? null : Number(value))}
    />
  );
}

function choiceWords(days: number | null): string {
  if (days === null) return "Never";
  const length = new Intl.NumberFormat(undefined, { style: "unit", unit: "day", unitDisplay: "long" }).format(days);
  return `${length} after they were synced`;
}
