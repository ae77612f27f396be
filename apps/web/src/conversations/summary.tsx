/** The summary of a conversation, with an honest word about who wrote it, and the things to do, which can be ticked. */

import "@mantine/core/styles/InlineInput.css";
import "@mantine/core/styles/Checkbox.css";
import type { ActionItem, Conversation } from "@holdfast/contract";
import { Badge, Checkbox, Group, Text, Title } from "@mantine/core";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";
import classes from "./conversation-page.module.css";
import { useTick } from "./queries.ts";

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

interface ActionItemsProps {
  readonly conversationId: string;
  readonly items: readonly ActionItem[];
}

export function ActionItems({ conversationId, items }: ActionItemsProps): JSX.Element | null {
  const { t } = useWords();
  const tick = useTick(conversationId);
  if (items.length === 0) return null;
  // Until the server has answered, what was asked for is shown.
  const isDone = ({ completed }: ActionItem, index: number): boolean =>
    tick.isPending && tick.variables.index === index ? tick.variables.done : completed;
  return (
    <section className={classes.card} aria-labelledby="to-do">
      <Title order={2} id="to-do" size="h5" mb={8}>
        {t("conversation.to_do")}
      </Title>
      <ul className={classes.items}>
        {items.map((item, index) => (
          <li key={item.description}>
            <Checkbox
              label={<span dir="auto">{item.description}</span>}
              radius="xl"
              classNames={{ label: classes.task ?? "" }}
              checked={isDone(item, index)}
              onChange={({ currentTarget }) => tick.mutate({ index, done: currentTarget.checked })}
            />
          </li>
        ))}
      </ul>
      {tick.isError && (
        <Text size="sm" role="alert" c="red" mt={8}>
          {t("conversation.who.failed")}
        </Text>
      )}
    </section>
  );
}
