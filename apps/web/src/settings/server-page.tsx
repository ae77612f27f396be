/** What this server is and how it is set up; it is set where it is started, so this only tells. */
import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Fragment, type JSX } from "react";
import { Rich, useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { Failure } from "./failure.tsx";
import { SERVER_FACTS } from "./keys.ts";
import { type FactWords, factWords } from "./server-words.ts";
import classes from "./settings.module.css";
import { SubPage } from "./sub-page.tsx";

export function ServerPage(): JSX.Element {
  const { api } = useServices();
  const { t, locale } = useWords();
  const facts = useQuery({
    queryKey: SERVER_FACTS,
    queryFn: ({ signal }) => api.getServerFacts(signal),
    networkMode: "always",
  });
  return (
    <SubPage name="server.title">
      {facts.isError && <Failure error={facts.error} onAgain={() => void facts.refetch()} />}
      {facts.isPending && <Skeleton height={320} radius="lg" />}
      {facts.data !== undefined && (
        <>
          <dl className={classes.set} data-testid="server-facts">
            {factWords(facts.data, locale).map((fact) => (
              <Fact key={fact.label} fact={fact} />
            ))}
          </dl>
          <Text size="sm" c="dimmed">
            {t("server.version", { version: facts.data.version })}
          </Text>
        </>
      )}
    </SubPage>
  );
}

function Fact({ fact: { label, lines, settings } }: { readonly fact: FactWords }): JSX.Element {
  const { t, say } = useWords();
  return (
    <div>
      <dt>{t(label)}</dt>
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two engines may speak the same languages
        <dd key={index}>{typeof line === "string" ? <code>{line}</code> : say(line)}</dd>
      ))}
      {settings.length > 0 && (
        <dd className={classes.setBy}>
          <Rich id="server.set_by" values={{ settings: <Settings names={settings} /> }} />
        </dd>
      )}
    </div>
  );
}

function Settings({ names }: { readonly names: readonly string[] }): JSX.Element {
  const { locale } = useWords();
  const parts = new Intl.ListFormat(locale, { type: "conjunction" }).formatToParts(names);
  return (
    <span dir="auto">
      {parts.map(({ type, value }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: what stands between is the same each time
        <Fragment key={index}>{type === "element" ? <code>{value}</code> : value}</Fragment>
      ))}
    </span>
  );
}
