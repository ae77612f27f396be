/** How much the recordings take, how much room there is, and whether the browser promised not to throw them away. */
import type { HoldfastClient, StoreSpace } from "@holdfast/client";
import { Button, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { JSX } from "react";
import { fileSize } from "../shell/amounts.ts";
import { useServices } from "../shell/services.ts";

const SPACE = ["space"];
const LOOK_EVERY_MS = 15_000;

export function StorageFacts({ client }: { readonly client: HoldfastClient }): JSX.Element {
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
        {space.data === undefined ? "Looking at the storage of this browser…" : spaceWords(space.data)}
      </Text>
      {space.data?.persisted === false && (
        <Button size="compact-sm" variant="light" mt={6} onClick={() => void ask()}>
          Ask the browser to keep them
        </Button>
      )}
    </div>
  );
}

export function spaceWords({ usedBytes, freeBytes, persisted }: StoreSpace): string {
  const used = usedBytes === null ? "" : `This page takes ${fileSize(usedBytes)}`;
  const free =
    freeBytes === null ? "The browser does not say how much room there is." : `${fileSize(freeBytes)} are free.`;
  const promise = {
    true: " The browser keeps them until you delete them.",
    false: " The browser may remove them when the disk runs full.",
    null: "",
  }[`${persisted}`];
  return `${used === "" ? "" : freeBytes === null ? `${used}. ` : `${used}, `}${free}${promise}`;
}
