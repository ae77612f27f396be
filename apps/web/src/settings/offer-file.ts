/** Hands a file to the person: to the share sheet of a phone where there is one, else as a download. */

import { message, type Text } from "../i18n/message.ts";
import { download } from "../shell/download.ts";

/** Resolves with what to say about it. */
export async function offerFile(content: Blob, name: string): Promise<Text> {
  if (content.size === 0) return message("developer.log.nothing");
  const file = new File([content], name, { type: content.type });
  if (navigator.maxTouchPoints > 0 && navigator.canShare?.({ files: [file] })) {
    try {
      await navigator.share({ files: [file] });
      return "";
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return "";
    }
  }
  download(file, name);
  return message("developer.log.downloaded", { name });
}
