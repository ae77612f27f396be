// @ts-check
/** A page without a framework: records the microphone or takes a file, and shows words, sync state and every recording. */
import {
  browserConnect,
  browserEnvironment,
  emptyTranscript,
  explanationText,
  followConversation,
  HoldfastClient,
  openOpfsStore,
  reduceTranscript,
  systemClock,
  systemRandom,
  transcriptText,
} from "@holdfast/client";

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const token = /** @type {HTMLInputElement} */ (part("token"));
const file = /** @type {HTMLInputElement} */ (part("file"));

/** @param {string} text */
const trouble = (text) => {
  part("trouble").textContent = text;
};

/** @param {number} atMs */
const time = (atMs) => new Date(atMs).toLocaleTimeString();

/** What was begun and failed is shown. @param {() => Promise<unknown>} work */
const shown = (work) => {
  trouble("");
  work().catch((error) => trouble(String(error)));
};

async function open() {
  const store = await openOpfsStore({
    folder: "holdfast-example",
    startWorker: () => new Worker("/holdfast-client/opfs-worker.js", { type: "module" }),
    locks: navigator.locks,
    storage: navigator.storage,
    clock: systemClock,
  });
  const client = await HoldfastClient.open({
    server: location.origin,
    token: token.value,
    owner: "example",
    store,
    connect: browserConnect((url) => new WebSocket(url)),
    fetch: (url, init) => fetch(url, init),
    environment: browserEnvironment(window),
    clock: systemClock,
    random: systemRandom,
  });
  client.log.on((event) => {
    if (event.type === "frames_lost") trouble(`${event.lostFrames} frames are lost: the disk takes nothing`);
    draw(client);
  });
  client.sync.on((name) => {
    if (name === "signed_out") trouble("The server does not take this token.");
    if (name === "changed") draw(client);
  });
  client.start();
  draw(client);
  return client;
}

/** @param {HoldfastClient} client */
function draw(client) {
  const { card } = client.sync.status;
  part("card").textContent =
    card.state.replaceAll("_", " ") + (card.resumesAtMs === null ? "" : `, until ${time(card.resumesAtMs)}`);
  part("sync").hidden = card.button !== "sync";
  const rows = [...client.log.recordings.values()].map(({ id, originalName, startedAtMs, durationMs }) => {
    const row = document.createElement("li");
    const why = client.sync.explain(id);
    const what = `${originalName ?? time(startedAtMs)}, ${Math.round(durationMs / 1000)} s`;
    row.textContent = `${what}: ${why === null ? "" : explanationText(why, time)}`;
    return row;
  });
  part("rows").replaceChildren(...rows);
}

/** Returns the way to stop. @param {HoldfastClient} client */
async function record(client) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext({ sampleRate: 16_000 });
  await context.audioWorklet.addModule("microphone.js");
  const microphone = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0 });
  const capture = await client.capture({
    device: "microphone",
    codec: "pcm16",
    sampleRate: 16_000,
    channels: 1,
    frameSamples: 320,
  });
  let transcript = emptyTranscript;
  capture.on((event) => {
    part("link").textContent = capture.status.link;
    if (event.type === "handed_over") return;
    transcript = reduceTranscript(transcript, event);
    part("words").textContent = transcriptText(transcript.segments);
  });
  /** @type {Promise<void>} */
  const over = new Promise((resolve) => {
    microphone.port.onmessage = ({ data }) => (data === null ? resolve() : capture.append(data));
  });
  context.createMediaStreamSource(stream).connect(microphone);

  return async () => {
    microphone.port.postMessage("end");
    await over;
    for (const track of stream.getTracks()) track.stop();
    await context.close();
    await capture.stop();
    const { conversationId } = capture.status;
    if (conversationId === null) return;
    await client.api.finalizeConversation(conversationId);
    const patience = { clock: systemClock, random: systemRandom, deadlineMs: Date.now() + 120_000 };
    const { status, structured } = await followConversation(client.api, conversationId, patience);
    part("conversation").textContent = `${status}: ${structured.title}`;
  };
}

part("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  shown(async () => {
    const client = await open();
    part("sign-in").hidden = true;
    part("opened").hidden = false;
    /** @type {(() => Promise<void>) | undefined} */
    let stop;
    const button = /** @type {HTMLButtonElement} */ (part("record"));
    button.addEventListener("click", () =>
      shown(async () => {
        button.disabled = true;
        try {
          if (stop === undefined) {
            stop = await record(client);
          } else {
            const ending = stop();
            stop = undefined;
            await ending;
          }
        } finally {
          button.textContent = stop === undefined ? "Record" : "Stop";
          button.disabled = false;
        }
      }),
    );
    part("sync").addEventListener("click", () => client.sync.syncNow());
    file.addEventListener("change", () =>
      shown(async () => {
        const [chosen] = file.files ?? [];
        if (chosen === undefined) return;
        if (chosen.name.endsWith(".bin")) await client.log.importBin(chosen.name, chosen);
        else await client.log.importSound(chosen.name, chosen, chosen.lastModified);
      }),
    );
  });
});

// A link may bring the token along, where no server sees it.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given !== null) token.value = given;
