/**
 * A token that was just made, this once: its text, the address that goes with it, and both as a code to scan, which is the
 * sign-in link. The code is drawn black on white in either colour scheme, since not every reader takes it the other way round.
 */
import type { NewAccessToken } from "@holdfast/contract";
import { Text, Title } from "@mantine/core";
import { type JSX, useEffect, useRef } from "react";
import { isThisMachine } from "../device/environment.ts";
import { useWords } from "../i18n/use-words.tsx";
import { CopyField } from "./copy-field.tsx";
import { qrPath } from "./qr-path.ts";
import classes from "./settings.module.css";

export function NewToken({ token }: { readonly token: NewAccessToken }): JSX.Element {
  const { t } = useWords();
  const { origin, hostname } = window.location;
  const heading = useRef<HTMLHeadingElement>(null);
  // The form that had the focus is gone.
  useEffect(() => heading.current?.focus(), []);
  const { size, path } = qrPath(`${origin}/#token=${token.token}`);
  return (
    <section aria-labelledby="new-token" className={classes.card}>
      <Title order={2} size="h4" id="new-token" tabIndex={-1} ref={heading}>
        <bdi>{token.name}</bdi>
      </Title>
      <Text fw={550}>{t("tokens.once")}</Text>
      <CopyField label={t("tokens.token")} text={token.token} />
      <CopyField label={t("tokens.address")} text={`${origin}/`} />
      <Text size="sm" c="dimmed">
        {t("tokens.where")}
      </Text>
      <figure className={classes.code}>
        <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t("tokens.scan")} shapeRendering="crispEdges">
          <rect width={size} height={size} fill="#fff" />
          <path d={path} fill="#000" />
        </svg>
        <figcaption>
          <Text size="sm">{t("tokens.scan")}</Text>
          {isThisMachine(hostname) && (
            <Text size="sm" mt="xs" className={classes.trouble}>
              {t("tokens.loopback")}
            </Text>
          )}
        </figcaption>
      </figure>
    </section>
  );
}
