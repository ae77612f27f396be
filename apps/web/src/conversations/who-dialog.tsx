/** Asks who said a segment: somebody known, somebody new or the person at the page; for it alone or all of that speaker. */
import "@mantine/core/styles/InlineInput.css";
import "@mantine/core/styles/Checkbox.css";
import type { Person } from "@holdfast/client";
import type { Segment } from "@holdfast/contract";
import { Alert, Button, Checkbox, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { type JSX, useState } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { useNaming } from "./queries.ts";
import { chosen, firstChoice, ME, NEW, UNKNOWN } from "./who.ts";

interface FormProps {
  readonly conversationId: string;
  readonly segment: Segment;
  readonly people: readonly Person[];
  readonly onClose: () => void;
}

interface Props extends Omit<FormProps, "segment"> {
  readonly opened: boolean;
  /** Null until the first one was asked about. */
  readonly segment: Segment | null;
}

const LONGEST_NAME = 100;

export function WhoDialog({ opened, segment, ...form }: Props): JSX.Element {
  return (
    // Mantine locks scrolling by an injected style element, which our content security policy forbids.
    <Modal opened={opened} onClose={form.onClose} centered lockScroll={false} withCloseButton={false}>
      {segment !== null && <WhoForm {...form} segment={segment} />}
    </Modal>
  );
}

function WhoForm({ conversationId, segment, people, onClose }: FormProps): JSX.Element {
  const { t } = useWords();
  const naming = useNaming(conversationId);
  const [choice, setChoice] = useState(firstChoice(segment, people));
  const [name, setName] = useState("");
  const [isAll, setAll] = useState(true);
  const who = chosen(choice, name);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (who !== undefined) naming.mutate({ segment, who, isAll }, { onSuccess: onClose });
      }}
    >
      <Stack>
        <Modal.Title fw={650}>{t("conversation.who")}</Modal.Title>
        <Text size="sm" c="dimmed" lineClamp={2} dir="auto">
          {segment.text}
        </Text>
        <NativeSelect
          label={t("conversation.who.choice")}
          value={choice}
          onChange={(event) => setChoice(event.currentTarget.value)}
          data={[
            ...people.map((person) => ({ value: person.id, label: person.name })),
            { value: NEW, label: t("conversation.who.new") },
            { value: ME, label: t("conversation.who.me") },
            { value: UNKNOWN, label: t("conversation.who.unknown") },
          ]}
        />
        {choice === NEW && (
          <TextInput
            label={t("conversation.who.name")}
            dir="auto"
            maxLength={LONGEST_NAME}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        <Checkbox
          label={t("conversation.who.all")}
          checked={isAll}
          onChange={(event) => setAll(event.currentTarget.checked)}
        />
        {naming.isError && (
          <Alert color="red" role="alert">
            {t("conversation.who.failed")}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("conversation.who.cancel")}
          </Button>
          <Button type="submit" loading={naming.isPending} disabled={who === undefined}>
            {t("conversation.who.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
