/**
 * Gives a conversation to the browser as a file. A document is fetched and handed over; sound, which may be gigabytes, is followed
 * as a link once the server has prepared it.
 */
import type { ExportFormat } from "@holdfast/client";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { download, follow } from "../shell/download.ts";
import { useServices } from "../shell/services.ts";
import { ofThisServer } from "./player.ts";
import { useSound } from "./use-player.ts";

export interface Saving {
  readonly isPending: boolean;
  readonly isError: boolean;
  save(format: ExportFormat | "audio"): void;
}

export function useExport(id: string): Saving {
  const { api } = useServices();
  const [sound, setSound] = useState<"none" | "wanted" | "failed">("none");
  const { data, isError, isFetching } = useSound(id, sound === "wanted");
  useEffect(() => {
    if (sound !== "wanted" || isFetching) return;
    const link = data?.sound?.signed_url ?? null;
    if (link !== null) follow(ofThisServer(link));
    if (link !== null) setSound("none");
    else if (isError || (data !== undefined && data.pollAfterMs === null)) setSound("failed");
  }, [sound, data, isError, isFetching]);
  const text = useMutation({
    mutationFn: async (format: ExportFormat) => {
      const { name, contentType, text } = await api.exportConversation(id, format);
      download(new Blob([text], { type: contentType }), name);
    },
  });
  return {
    isPending: text.isPending || sound === "wanted",
    isError: text.isError || sound === "failed",
    save(format) {
      text.reset();
      setSound(format === "audio" ? "wanted" : "none");
      if (format !== "audio") text.mutate(format);
    },
  };
}
