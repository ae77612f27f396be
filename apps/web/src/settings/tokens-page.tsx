/** What opens this account: the list, a new one, and the end of one. */
import type { AccessToken, NewAccessToken } from "@holdfast/contract";
import { Badge, Button, Group, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type JSX, useState } from "react";
import { date } from "../i18n/amounts.ts";
import type { MessageId } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import cards from "../shell/card-list.module.css";
import { useServices } from "../shell/services.ts";
import { Failure } from "./failure.tsx";
import { TOKENS } from "./keys.ts";
import { NewToken } from "./new-token.tsx";
import { RevokeDialog } from "./revoke-dialog.tsx";
import classes from "./settings.module.css";
import { SubPage } from "./sub-page.tsx";
import { TokenForm } from "./token-form.tsx";

export function TokensPage(): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const [made, setMade] = useState<NewAccessToken | null>(null);
  const [asked, setAsked] = useState<AccessToken | null>(null);
  const tokens = useQuery({
    queryKey: TOKENS,
    queryFn: ({ signal }) => api.listTokens(signal),
    networkMode: "always",
  });
  return (
    <SubPage name="tokens.title">
      <Text c="dimmed">{t("tokens.text")}</Text>
      {made !== null && <NewToken key={made.id} token={made} />}
      <TokenForm onMade={setMade} />
      {tokens.isError && <Failure error={tokens.error} onAgain={() => void tokens.refetch()} />}
      {tokens.isPending && <Skeleton height={120} radius="lg" />}
      <ul className={cards.list} aria-label={t("tokens.title")}>
        {tokens.data?.map((token) => (
          <Token key={token.id} token={token} onRevoke={() => setAsked(token)} />
        ))}
      </ul>
      <RevokeDialog token={asked} onClose={() => setAsked(null)} />
    </SubPage>
  );
}

function Token({ token, onRevoke }: { readonly token: AccessToken; readonly onRevoke: () => void }): JSX.Element {
  const { t } = useWords();
  const [name, button] = [`name-${token.id}`, `revoke-${token.id}`];
  return (
    <li className={cards.card} data-testid="token">
      <div className={cards.body}>
        <Group gap="xs" mb={6}>
          <Text fw={550} id={name} className={classes.name}>
            <bdi>{token.name}</bdi>
          </Text>
          {token.current && <Badge variant="light">{t("tokens.this")}</Badge>}
        </Group>
        <dl className={classes.facts}>
          <Fact name="tokens.made" at={token.created_at} />
          {token.last_used_at !== null && <Fact name="tokens.used" at={token.last_used_at} />}
          <Fact name="tokens.ends" at={token.expires_at} />
        </dl>
      </div>
      <Button variant="default" size="compact-sm" id={button} aria-labelledby={`${button} ${name}`} onClick={onRevoke}>
        {t("tokens.revoke")}
      </Button>
    </li>
  );
}

/** Without a time, it is when the token is revoked. */
function Fact({ name, at }: { readonly name: MessageId; readonly at: string | null }): JSX.Element {
  const { t, amount } = useWords();
  return (
    <>
      <dt>{t(name)}</dt>
      <dd>{at === null ? t("tokens.ends.never") : <time dateTime={at}>{amount(date(new Date(at)))}</time>}</dd>
    </>
  );
}
