/** What someone without a valid token sees: where the link is found, and a field for it. */
import { Alert, Button, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import { type FormEvent, type JSX, useState } from "react";
import { Mark } from "../shell/mark.tsx";
import { useServices } from "../shell/services.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import type { SessionState } from "./session.ts";
import classes from "./sign-in.module.css";
import { tokenOf } from "./token.ts";

type Because = Extract<SessionState, { signedIn: false }>["because"];

export function SignIn({ because }: { readonly because: Because }): JSX.Element {
  const { session } = useServices();
  const [text, setText] = useState("");
  const [complaint, setComplaint] = useState<string | null>(null);
  usePageTitle("Sign in");

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const token = tokenOf(text);
    if (token === null) setComplaint("Paste the whole link, or the token after “token=”.");
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
            Open your sign-in link
          </Title>
          <Text c="dimmed">
            Holdfast printed it in the terminal where you ran <code>npm start</code>. The same token is in the file{" "}
            <code>owner.token</code> in its data folder.
          </Text>
        </Stack>
        {because === "token_refused" && (
          <Alert
            color="red"
            variant="light"
            role="alert"
            icon={<IconAlertCircle aria-hidden />}
            title="That token is not valid"
          >
            It may be from another server, or it was revoked. Use the link this server printed last.
          </Alert>
        )}
        <form onSubmit={submit}>
          <Stack gap="sm">
            <TextInput
              label="Link or token"
              type="password"
              autoComplete="off"
              spellCheck={false}
              size="md"
              value={text}
              error={complaint}
              onChange={(event) => {
                setText(event.currentTarget.value);
                setComplaint(null);
              }}
            />
            <Button type="submit" size="md" fullWidth>
              Sign in
            </Button>
          </Stack>
        </form>
        <Text size="sm" c="dimmed">
          The token stays in this browser and is sent only to {window.location.host}.
        </Text>
      </Stack>
    </main>
  );
}
