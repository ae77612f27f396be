/** Entry of a sound thread: the only part of the pusher that loads codecs. See `protocol.ts` for what is asked. */
import { parentPort } from "node:worker_threads";
import { threadFailure } from "@holdfast/contract";
import { cutSound } from "./cut.ts";
import { createExporter, type Exporter } from "./exporter.ts";
import { createLiveDecoders } from "./live-decoders.ts";
import type { SoundAnswer, SoundRequest } from "./protocol.ts";
import { renderPcm } from "./render-pcm.ts";
import type { SoundChunk } from "./source.ts";
import { uploadChunks } from "./upload-sound.ts";

const live = createLiveDecoders();
let exporter: Exporter | undefined;
let file: AsyncGenerator<SoundChunk> | undefined;
let rendering: AsyncGenerator<Uint8Array> | undefined;

async function answer(request: SoundRequest): Promise<SoundAnswer> {
  switch (request.type) {
    case "live":
      return { type: "pcm", pcm: await live.decode(request) };
    case "live_end":
      return { type: "pcm", pcm: live.end(request.stream) };
    case "export":
      exporter ??= await createExporter();
      return { type: "items", items: await exporter.push(request.chunks) };
    case "export_file":
      await file?.return(undefined);
      file = uploadChunks(request.file);
      return { type: "done" };
    case "export_next": {
      const next = await file?.next();
      if (next === undefined || next.done === true) return { type: "done" };
      exporter ??= await createExporter();
      return { type: "items", items: await exporter.push([next.value]) };
    }
    case "export_end": {
      const items = (await exporter?.end()) ?? [];
      exporter = undefined;
      return { type: "items", items };
    }
    case "cut":
      return { type: "cuts", wavs: await cutSound(request.file, request.cuts) };
    case "render":
      await rendering?.return(undefined);
      rendering = renderPcm(request.file);
      return { type: "done" };
    case "render_next":
      return { type: "pcm", pcm: (await rendering?.next())?.value };
    default:
      return request satisfies never;
  }
}

/** Questions come one at a time, so no answer can overtake another. */
parentPort?.on("message", (request: SoundRequest) => {
  void answer(request)
    .catch((error: unknown) => threadFailure(error, "sound_failed"))
    .then((given) => parentPort?.postMessage(given));
});
