/** The first page: record or drop, then everything there is, by day, or what a choice and a search leave of it. */

import type { Conversation } from "@holdfast/contract";
import { Alert, Button, CloseButton, Skeleton, Stack, Text, TextInput, Title, VisuallyHidden } from "@mantine/core";
import { IconCloudOff, IconSearch } from "@tabler/icons-react";
import type { JSX } from "react";
import { RecordPanel } from "../capture/record-panel.tsx";
import { useRecording } from "../capture/use-recording.ts";
import { ElsewhereNote } from "../device/elsewhere-note.tsx";
import { useWords } from "../i18n/use-words.tsx";
import { usePageTitle } from "../shell/use-page-title.ts";
import { UploadList } from "../uploads/upload-list.tsx";
import { byDay } from "./by-day.ts";
import { choiceOf, SHOWN, SHOWN_NAMES, type Shown } from "./choice.ts";
import { ConversationRow } from "./conversation-row.tsx";
import classes from "./home-page.module.css";
import { useConversations, useSearch } from "./queries.ts";
import { useListSearch } from "./use-list-search.ts";

export function HomePage(): JSX.Element {
  const { shown, query, text, setText, show } = useListSearch();
  const conversations = useConversations(choiceOf(shown));
  usePageTitle("");
  const isEmpty = shown === "all" && query === "" && conversations.data?.length === 0;
  return (
    <Stack gap="md">
      <VisuallyHidden>
        <h1>Holdfast</h1>
      </VisuallyHidden>
      <ElsewhereNote />
      <RecordPanel />
      <UploadList />
      {!isEmpty && (
        <div className={classes.tools}>
          <SearchField text={text} onChange={setText} />
          <Choice shown={shown} onChoose={show} />
        </div>
      )}
      {query === "" ? (
        <Everything conversations={conversations} isAll={shown === "all"} />
      ) : (
        <Found query={query} shown={shown} />
      )}
    </Stack>
  );
}

interface ChoiceProps {
  readonly shown: Shown;
  readonly onChoose: (shown: Shown) => void;
}

function Choice({ shown, onChoose }: ChoiceProps): JSX.Element {
  const { t } = useWords();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields, and these are buttons
    <div role="group" aria-label={t("home.show")} className={classes.choice}>
      {SHOWN.map((each) => (
        <Button
          key={each}
          size="compact-sm"
          radius="xl"
          variant={each === shown ? "light" : "subtle"}
          color={each === shown ? "kelp" : "gray"}
          aria-pressed={each === shown}
          onClick={() => onChoose(each)}
        >
          {t(SHOWN_NAMES[each])}
        </Button>
      ))}
    </div>
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
      leftSection={<IconSearch size={18} aria-hidden />}
      rightSection={
        text === "" ? null : <CloseButton aria-label={t("home.search.clear")} onClick={() => onChange("")} />
      }
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

interface EverythingProps {
  readonly conversations: ReturnType<typeof useConversations>;
  /** Nothing is left out by choice. */
  readonly isAll: boolean;
}

function Everything({ conversations, isAll }: EverythingProps): JSX.Element {
  const { t } = useWords();
  // The conversation being recorded here is on show above, with its words.
  const { conversationId: recorded } = useRecording();
  if (conversations.isPending) return <Loading />;
  if (conversations.data === undefined) return <Unreachable onRetry={() => void conversations.refetch()} />;
  if (conversations.data.length === 0) return isAll ? <Empty /> : <None />;
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

function Found({ query, shown }: { readonly query: string; readonly shown: Shown }): JSX.Element {
  const { t } = useWords();
  const found = useSearch(query, choiceOf(shown));
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

function None(): JSX.Element {
  const { t } = useWords();
  return (
    <Text role="status" c="dimmed" px={16}>
      {t("home.show.none")}
    </Text>
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
