/** Said where recordings cannot be used here, and why; nothing while they can. */
import { Alert } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import type { JSX } from "react";
import { useDevice } from "./use-device.ts";

export function ElsewhereNote(): JSX.Element | null {
  const device = useDevice();
  if (device.name === "elsewhere" || (device.name === "unavailable" && device.code === "log_in_use")) {
    return (
      <Alert color="gray" role="status" icon={<IconAlertCircle aria-hidden />} title="Another tab has the recordings">
        Record, drop files and sync there. You can read everything here; when that tab is closed, this one takes over by
        itself.
      </Alert>
    );
  }
  if (device.name !== "unavailable") return null;
  return (
    <Alert color="gray" role="alert" icon={<IconAlertCircle aria-hidden />} title="Nothing can be kept in this browser">
      {device.code === "insecure_page"
        ? "Browsers let a page keep recordings and files only over https, or on the machine itself. You can read everything here."
        : "The browser gives this page no storage. A private window may be the reason; recordings and files need an ordinary one."}
    </Alert>
  );
}
