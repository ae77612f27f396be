/** In which language the page is. Each is named in its own words, so that whoever is lost in another one finds back. */
import { NativeSelect } from "@mantine/core";
import { type JSX, useState } from "react";
import { LOCALES, type Locale, ownName } from "../i18n/locales.ts";
import type { MessageId } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";

const NAMES = LOCALES.map((locale) => [locale, ownName(locale)] as const).sort(([, a], [, b]) => a.localeCompare(b));

export function LanguageSetting(): JSX.Element {
  const { language } = useServices();
  const { t } = useWords();
  const [trouble, setTrouble] = useState<MessageId | null>(null);
  const choose = (value: string): void => {
    setTrouble(null);
    language
      .choose(LOCALES.find((locale): locale is Locale => locale === value) ?? null)
      .catch(() => setTrouble("settings.language.failed"));
  };
  return (
    <NativeSelect
      label={t("settings.language")}
      value={language.chosen() ?? ""}
      error={trouble === null ? null : t(trouble)}
      onChange={({ currentTarget: { value } }) => choose(value)}
    >
      <option value="">{t("settings.language.browser", { language: ownName(language.ofBrowser()) })}</option>
      {NAMES.map(([locale, name]) => (
        <option key={locale} value={locale} lang={locale}>
          {name}
        </option>
      ))}
    </NativeSelect>
  );
}
