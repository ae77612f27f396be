/** How much the recordings take, how much room there is, and whether the browser promised not to throw them away. */
import type { HoldfastClient, StoreSpace } from "@holdfast/client";
import { Button, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { JSX } from "react";
import { fileSize } from "../i18n/amounts.ts";
import { type Message, message, sentences } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";

const SPACE = ["space"];
const LOOK_EVERY_MS = 15_000;

export function StorageFacts({ client }: { readonly client: HoldfastClient }): JSX.Element {
  const { t, say } = useWords();
  const { persistence } = useServices();
  const queries = useQueryClient();
  const space = useQuery({
    queryKey: SPACE,
    queryFn: () => client.log.space(),
    networkMode: "always",
    refetchInterval: LOOK_EVERY_MS,
  });
  const ask = async (): Promise<void> => {
    await persistence.ask(client.log);
    await queries.invalidateQueries({ queryKey: SPACE });
  };
  return (
    <div>
      <Text size="sm" data-testid="storage-facts">
        {space.data === undefined ? t("sync.storage.looking") : say(spaceWords(space.data))}
      </Text>
      {space.data?.persisted === false && (
        <Button size="compact-sm" variant="light" mt={6} onClick={() => void ask()}>
          {t("sync.storage.ask")}
        </Button>
      )}
    </div>
  );
}

export function spaceWords({ usedBytes, freeBytes, persisted }: StoreSpace): Message {
  const room = roomWords(usedBytes, freeBytes);
  if (persisted === null) return room;
  return sentences(room, message(persisted ? "sync.storage.kept" : "sync.storage.at_risk"));
}

function roomWords(usedBytes: number | null, freeBytes: number | null): Message {
  if (usedBytes === null) {
    return freeBytes === null
      ? message("sync.storage.unknown")
      : message("sync.storage.free", { free: fileSize(freeBytes) });
  }
  const used = fileSize(usedBytes);
  return freeBytes === null
    ? message("sync.storage.used", { used })
    : message("sync.storage.used_and_free", { used, free: fileSize(freeBytes) });
}
