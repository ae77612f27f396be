/** Taking everything along, and leaving for good. */
import { Button, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type JSX, useState } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { DeleteAccount } from "./delete-account.tsx";
import { Failure } from "./failure.tsx";
import classes from "./settings.module.css";
import { SubPage } from "./sub-page.tsx";

export function DataPage(): JSX.Element {
  const { t } = useWords();
  const [isAsked, setIsAsked] = useState(false);
  return (
    <SubPage name="data.title">
      <Download />
      <section aria-labelledby="delete" className={classes.card}>
        <Title order={2} size="h4" id="delete">
          {t("data.delete")}
        </Title>
        <Text>{t("data.delete.text")}</Text>
        <div>
          <Button variant="default" onClick={() => setIsAsked(true)}>
            {t("data.delete")}
          </Button>
        </div>
        <DeleteAccount opened={isAsked} onClose={() => setIsAsked(false)} />
      </section>
    </SubPage>
  );
}

function Download(): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const download = useMutation({
    mutationFn: () => api.exportLink(),
    networkMode: "always",
    onSuccess: ({ url }) => follow(url),
  });
  return (
    <section aria-labelledby="export" className={classes.card}>
      <Title order={2} size="h4" id="export">
        {t("data.export")}
      </Title>
      <Text>{t("data.export.text")}</Text>
      {download.isError && <Failure error={download.error} />}
      <div>
        <Button variant="light" loading={download.isPending} onClick={() => download.mutate()}>
          {t("data.export")}
        </Button>
      </div>
    </section>
  );
}

/** As a download in any case, so that a refusal does not take the place of the page. */
function follow(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}
