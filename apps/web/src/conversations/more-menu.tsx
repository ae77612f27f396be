/** What is done with a conversation more rarely: sharing it, and having it written up again. */
import "@mantine/core/styles/Menu.css";
import type { Conversation } from "@holdfast/contract";
import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconDots, IconRefresh, IconShare } from "@tabler/icons-react";
import { type JSX, useState } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { ReprocessDialog } from "./reprocess-dialog.tsx";
import { ShareDialog } from "./share-dialog.tsx";

export function MoreMenu({ conversation }: { readonly conversation: Conversation }): JSX.Element {
  const { t } = useWords();
  const [asked, setAsked] = useState<"share" | "reprocess" | null>(null);
  const close = (): void => setAsked(null);
  const { id, status } = conversation;
  return (
    <>
      <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <Tooltip label={t("conversation.more")}>
            <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("conversation.more")}>
              <IconDots size={20} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconShare size={16} aria-hidden />} onClick={() => setAsked("share")}>
            {t("conversation.share")}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconRefresh size={16} aria-hidden />}
            // One that is being worked on gets its summary anyway.
            disabled={status !== "completed" && status !== "failed"}
            onClick={() => setAsked("reprocess")}
          >
            {t("conversation.reprocess")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ShareDialog conversation={conversation} opened={asked === "share"} onClose={close} />
      <ReprocessDialog conversationId={id} opened={asked === "reprocess"} onClose={close} />
    </>
  );
}
