/** The summary of a conversation, with an honest word about who wrote it, and the things to do. */

import type { ActionItem, Conversation } from "@holdfast/contract";
import { Badge, Group, Text, Title } from "@mantine/core";
import { IconCircle, IconCircleCheckFilled } from "@tabler/icons-react";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";
import classes from "./conversation-page.module.css";

export function Summary({ conversation }: { readonly conversation: Conversation }): JSX.Element | null {
  const { t } = useWords();
  const { overview } = conversation.structured;
  if (overview === "") return null;
  return (
    <section className={classes.card} aria-labelledby="summary">
      <Group gap="sm" mb={8}>
        <Title order={2} id="summary" size="h5">
          {t("conversation.summary")}
        </Title>
        {conversation.summary_kind === "basic" && (
          <Badge variant="light" color="gray" tt="none" className={classes.kind}>
            {t("conversation.summary.basic")}
          </Badge>
        )}
      </Group>
      <Text className={classes.overview} dir="auto">
        {overview}
      </Text>
      {conversation.summary_kind === "basic" && (
        <Text size="sm" c="dimmed" mt={10}>
          {t("conversation.summary.basic_note")}
        </Text>
      )}
    </section>
  );
}

export function ActionItems({ items }: { readonly items: readonly ActionItem[] }): JSX.Element | null {
  const { t } = useWords();
  if (items.length === 0) return null;
  return (
    <section className={classes.card} aria-labelledby="to-do">
      <Title order={2} id="to-do" size="h5" mb={8}>
        {t("conversation.to_do")}
      </Title>
      <ul className={classes.items}>
        {items.map((item) => (
          <li key={item.description} className={classes.item}>
            {item.completed ? (
              <IconCircleCheckFilled size={20} role="img" aria-label={t("conversation.to_do.done")} />
            ) : (
              <IconCircle size={20} role="img" aria-label={t("conversation.to_do.open")} />
            )}
            <span dir="auto">{item.description}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
