/** The first page: record or drop, then everything there is, by day, or what a search finds. */

import type { Conversation } from "@holdfast/contract";
import { Alert, Button, CloseButton, Skeleton, Stack, Text, TextInput, Title, VisuallyHidden } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconCloudOff, IconSearch } from "@tabler/icons-react";
import { type JSX, useState } from "react";
import { RecordPanel } from "../capture/record-panel.tsx";
import { useRecording } from "../capture/use-recording.ts";
import { ElsewhereNote } from "../device/elsewhere-note.tsx";
import { useWords } from "../i18n/use-words.tsx";
import { usePageTitle } from "../shell/use-page-title.ts";
import { UploadList } from "../uploads/upload-list.tsx";
import { byDay } from "./by-day.ts";
import { ConversationRow } from "./conversation-row.tsx";
import classes from "./home-page.module.css";
import { useConversations, useSearch } from "./queries.ts";

const SEARCH_DELAY_MS = 250;

export function HomePage(): JSX.Element {
  const [text, setText] = useState("");
  const [query] = useDebouncedValue(text.trim(), SEARCH_DELAY_MS);
  const conversations = useConversations();
  usePageTitle("");
  const isEmpty = conversations.data?.length === 0;
  return (
    <Stack gap="md">
      <VisuallyHidden>
        <h1>Holdfast</h1>
      </VisuallyHidden>
      <ElsewhereNote />
      <RecordPanel />
      <UploadList />
      {!isEmpty && <SearchField text={text} onChange={setText} />}
      {query === "" ? <Everything conversations={conversations} /> : <Found query={query} />}
    </Stack>
  );
}

interface SearchFieldProps {
  readonly text: string;
  readonly onChange: (text: string) => void;
}

function SearchField({ text, onChange }: SearchFieldProps): JSX.Element {
  const { t } = useWords();
  return (
    <TextInput
      role="searchbox"
      aria-label={t("home.search")}
      placeholder={t("home.search.placeholder")}
      size="md"
      radius="xl"
      mt="xs"
      leftSection={<IconSearch size={18} aria-hidden />}
      rightSection={
        text === "" ? null : <CloseButton aria-label={t("home.search.clear")} onClick={() => onChange("")} />
      }
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function Everything({ conversations }: { readonly conversations: ReturnType<typeof useConversations> }): JSX.Element {
  const { t } = useWords();
  // The conversation being recorded here is on show above, with its words.
  const { conversationId: recorded } = useRecording();
  if (conversations.isPending) return <Loading />;
  if (conversations.data === undefined) return <Unreachable onRetry={() => void conversations.refetch()} />;
  if (conversations.data.length === 0) return <Empty />;
  return (
    <>
      <Days conversations={conversations.data.filter(({ id }) => id !== recorded)} />
      {conversations.hasNextPage && (
        <Button
          variant="light"
          loading={conversations.isFetchingNextPage}
          onClick={() => void conversations.fetchNextPage()}
        >
          {t("home.show_more")}
        </Button>
      )}
    </>
  );
}

function Found({ query }: { readonly query: string }): JSX.Element {
  const { t } = useWords();
  const found = useSearch(query);
  if (found.isPending) return <Loading />;
  if (found.data === undefined) return <Unreachable onRetry={() => void found.refetch()} />;
  return (
    <>
      <Text role="status" size="sm" c="dimmed" px={16}>
        {found.data.length === 0 ? t("home.nothing_found", { query }) : t("home.found", { count: found.data.length })}
      </Text>
      <Days conversations={found.data} />
    </>
  );
}

function Days({ conversations }: { readonly conversations: readonly Conversation[] }): JSX.Element {
  const { locale } = useWords();
  return (
    <>
      {byDay(conversations, new Date(), locale).map((day) => (
        <section key={day.key} aria-labelledby={`day-${day.key}`}>
          <Title order={2} id={`day-${day.key}`} className={classes.day}>
            {day.title}
          </Title>
          <ul className={classes.list}>
            {day.conversations.map((conversation) => (
              <ConversationRow key={conversation.id} conversation={conversation} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function Empty(): JSX.Element {
  const { t } = useWords();
  return (
    <Stack gap={4} align="center" ta="center" py="lg">
      <Title order={2} size="h4">
        {t("home.empty.title")}
      </Title>
      <Text c="dimmed" maw={440}>
        {t("home.empty.text")}
      </Text>
    </Stack>
  );
}

function Loading(): JSX.Element {
  return (
    <Stack gap="sm" aria-hidden>
      {[0, 1, 2].map((row) => (
        <Skeleton key={row} height={64} radius="lg" />
      ))}
    </Stack>
  );
}

function Unreachable({ onRetry }: { readonly onRetry: () => void }): JSX.Element {
  const { t } = useWords();
  return (
    <Alert color="gray" role="alert" icon={<IconCloudOff aria-hidden />} title={t("home.unreachable.title")}>
      <Stack gap="sm" align="flex-start">
        <span>{t("home.unreachable.text")}</span>
        <Button size="compact-md" variant="light" onClick={onRetry}>
          {t("shell.try_again")}
        </Button>
      </Stack>
    </Alert>
  );
}
