/** Asks before a token is revoked, and says so where it is the one of this browser: that one signs itself out. */
import { type AccessToken, isHoldfastError } from "@holdfast/contract";
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type JSX, useRef } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { Failure } from "./failure.tsx";
import { TOKENS } from "./keys.ts";

interface Props {
  /** Null: nobody is asked. */
  readonly token: AccessToken | null;
  readonly onClose: () => void;
}

export function RevokeDialog({ token, onClose }: Props): JSX.Element {
  const { api, session } = useServices();
  const { t } = useWords();
  const queries = useQueryClient();
  // The words stay while the dialog fades.
  const shown = useRef(token);
  if (token !== null) shown.current = token;
  const revoke = useMutation({
    mutationFn: (id: string) => api.revokeToken(id).catch(goneAlready),
    networkMode: "always",
    onSuccess: async (wasCurrent) => {
      close();
      if (wasCurrent) {
        session.signOut();
        queries.clear();
      } else await queries.invalidateQueries({ queryKey: TOKENS });
    },
  });
  const close = (): void => {
    revoke.reset();
    onClose();
  };
  return (
    // Mantine locks scrolling by an injected style element, which our content security policy forbids.
    <Modal opened={token !== null} onClose={close} centered lockScroll={false} withCloseButton={false}>
      <Stack>
        <Modal.Title fw={650}>{t("tokens.revoke.title")}</Modal.Title>
        <Text>{t("tokens.revoke.text", { name: shown.current?.name ?? "" })}</Text>
        {shown.current?.current === true && <Text>{t("tokens.revoke.current")}</Text>}
        {revoke.isError && <Failure error={revoke.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("settings.cancel")}
          </Button>
          <Button
            color="red.9"
            loading={revoke.isPending}
            onClick={() => {
              if (token !== null) revoke.mutate(token.id);
            }}
          >
            {t("tokens.revoke")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** Somebody else revoked it meanwhile. */
function goneAlready(error: unknown): boolean {
  if (isHoldfastError(error) && error.code === "token_not_found") return false;
  throw error;
}
