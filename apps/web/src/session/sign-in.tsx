/** What someone without a valid token sees: where the link is found, and a field for it. */
import { Alert, Button, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import { type FormEvent, type JSX, useState } from "react";
import type { MessageId } from "../i18n/message.ts";
import { Rich, useWords } from "../i18n/use-words.tsx";
import { Mark } from "../shell/mark.tsx";
import { useServices } from "../shell/services.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import type { SessionState } from "./session.ts";
import classes from "./sign-in.module.css";
import { tokenOf } from "./token.ts";

type Because = Extract<SessionState, { signedIn: false }>["because"];

export function SignIn({ because }: { readonly because: Because }): JSX.Element {
  const { session } = useServices();
  const { t } = useWords();
  const [text, setText] = useState("");
  const [complaint, setComplaint] = useState<MessageId | null>(null);
  usePageTitle(t("sign_in.page_title"));

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const token = tokenOf(text);
    if (token === null) setComplaint("sign_in.unreadable");
    else session.signIn(token);
  };

  return (
    <main className={classes.page}>
      <Stack gap="lg" className={classes.card}>
        <Group gap="sm">
          <Mark size={36} />
          <Text fw={650} size="lg">
            Holdfast
          </Text>
        </Group>
        <Stack gap={6}>
          <Title order={1} size="h2">
            {t("sign_in.title")}
          </Title>
          <Text c="dimmed">
            <Rich id="sign_in.where" values={{ command: <code>npm start</code>, file: <code>owner.token</code> }} />
          </Text>
        </Stack>
        {because === "token_refused" && (
          <Alert
            color="red"
            variant="light"
            role="alert"
            icon={<IconAlertCircle aria-hidden />}
            title={t("sign_in.refused.title")}
          >
            {t("sign_in.refused.text")}
          </Alert>
        )}
        <form onSubmit={submit}>
          <Stack gap="sm">
            <TextInput
              label={t("sign_in.field")}
              type="password"
              autoComplete="off"
              spellCheck={false}
              size="md"
              value={text}
              error={complaint === null ? null : t(complaint)}
              onChange={(event) => {
                setText(event.currentTarget.value);
                setComplaint(null);
              }}
            />
            <Button type="submit" size="md" fullWidth>
              {t("sign_in.submit")}
            </Button>
          </Stack>
        </form>
        <Text size="sm" c="dimmed">
          {t("sign_in.privacy", { host: window.location.host })}
        </Text>
      </Stack>
    </main>
  );
}
