/** One conversation: its title, its state if it is not finished, its summary, things to do, and its words. */

import type { Conversation } from "@holdfast/contract";
import { ActionIcon, Alert, Button, Group, Skeleton, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconArrowLeft, IconStar, IconStarFilled, IconTrash } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { type JSX, useState } from "react";
import { dateAndTime, duration } from "../shell/amounts.ts";
import { NotFound } from "../shell/not-found.tsx";
import { usePageTitle } from "../shell/use-page-title.ts";
import { beganAt } from "./by-day.ts";
import classes from "./conversation-page.module.css";
import { DeleteDialog } from "./delete-dialog.tsx";
import { useConversation, useDelete, useRename, useStar } from "./queries.ts";
import { isGone } from "./reading.ts";
import { lengthMs, shownTitle } from "./shown-title.ts";
import { StateBadge } from "./state-badge.tsx";
import { stateWords } from "./state-words.ts";
import { ActionItems, Summary } from "./summary.tsx";
import { TitleEditor } from "./title-editor.tsx";
import { Transcript } from "./transcript.tsx";

export function ConversationPage({ id }: { readonly id: string }): JSX.Element {
  const { data, error, refetch } = useConversation(id);
  if (isGone(error)) return <NotFound what="conversation" />;
  return (
    <Stack gap="md">
      <div className={classes.bar}>
        <Link to="/" className={classes.back}>
          <IconArrowLeft size={18} aria-hidden />
          All conversations
        </Link>
        {data !== undefined && <Actions conversation={data} />}
      </div>
      {data !== undefined ? (
        <Loaded conversation={data} />
      ) : error !== null ? (
        <Alert color="gray" role="alert" title="The conversation could not be loaded">
          <Button size="compact-md" variant="light" onClick={() => void refetch()}>
            Try again
          </Button>
        </Alert>
      ) : (
        <Skeleton height={160} radius="lg" />
      )}
    </Stack>
  );
}

function Loaded({ conversation }: { readonly conversation: Conversation }): JSX.Element {
  const rename = useRename(conversation.id);
  // Until the server has answered, what was asked for is shown.
  const title = rename.isPending ? rename.variables : conversation.structured.title;
  const shown = title === "" ? shownTitle(conversation) : title;
  usePageTitle(shown);
  return (
    <>
      <div className={classes.header}>
        <TitleEditor title={title} shown={shown} onRename={(wanted) => rename.mutate(wanted)} />
        <When conversation={conversation} />
        {rename.isError && (
          <Text size="sm" role="alert" c="red">
            The title could not be changed just now. Try again.
          </Text>
        )}
      </div>
      <State conversation={conversation} />
      <Summary conversation={conversation} />
      <ActionItems items={conversation.structured.action_items} />
      <Words conversation={conversation} />
    </>
  );
}

function When({ conversation }: { readonly conversation: Conversation }): JSX.Element {
  const began = beganAt(conversation);
  const length = lengthMs(conversation);
  return (
    <Text c="dimmed" size="sm">
      <time dateTime={began.toISOString()}>{dateAndTime(began)}</time>
      {length > 0 && ` · ${duration(length)}`}
    </Text>
  );
}

function Actions({ conversation: { id, starred } }: { readonly conversation: Conversation }): JSX.Element {
  const navigate = useNavigate();
  const star = useStar(id);
  const remove = useDelete(id);
  const [isAsking, setAsking] = useState(false);
  const isStarred = star.isPending ? star.variables : starred;
  return (
    <Group gap={4} wrap="nowrap">
      <Tooltip label={isStarred ? "Take the star away" : "Star"}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label="Star"
          aria-pressed={isStarred}
          onClick={() => star.mutate(!isStarred)}
        >
          {isStarred ? <IconStarFilled size={20} className={classes.star} /> : <IconStar size={20} />}
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Delete">
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Delete" onClick={() => setAsking(true)}>
          <IconTrash size={20} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <DeleteDialog
        opened={isAsking}
        isDeleting={remove.isPending}
        hasFailed={remove.isError}
        onClose={() => setAsking(false)}
        onDelete={() => remove.mutate(undefined, { onSuccess: () => void navigate({ to: "/" }) })}
      />
    </Group>
  );
}

function State({ conversation }: { readonly conversation: Conversation }): JSX.Element | null {
  const words = stateWords(conversation);
  if (words === null) return null;
  return (
    <div className={classes.state} role="status" data-testid="state" data-state={conversation.status}>
      <StateBadge words={words} />
      <Text component="span" size="sm">
        {words.reason}
      </Text>
    </div>
  );
}

function Words({ conversation }: { readonly conversation: Conversation }): JSX.Element {
  const { transcript_segments: segments } = conversation;
  return (
    <section aria-labelledby="transcript" className={classes.words}>
      <Title order={2} id="transcript" size="h5" mb="sm">
        Transcript
      </Title>
      {segments.length === 0 ? (
        <Text c="dimmed">
          {stateWords(conversation)?.unfinished === true ? "The words appear here." : "Nothing was said."}
        </Text>
      ) : (
        <Transcript segments={segments} />
      )}
    </section>
  );
}
