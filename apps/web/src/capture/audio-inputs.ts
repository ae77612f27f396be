/**
 * The microphones of this machine, as far as the browser names them (it does once the page may listen), and the one that the
 * person chose, which this device remembers. A chosen one that is not connected stays chosen: it is wanted again when it is back.
 * Some browsers give a microphone another id after each reload; then its name tells it, where no other one has the same.
 */
export interface AudioInput {
  readonly id: string;
  readonly label: string;
}

export interface InputsView {
  readonly list: readonly AudioInput[];
  /** Null: whichever the system uses. */
  readonly chosen: AudioInput | null;
  /** The chosen one is not connected. */
  readonly isGone: boolean;
}

export interface AudioInputsDeps {
  /** Undefined on pages that are not secure. */
  readonly media: Pick<MediaDevices, "enumerateDevices" | "addEventListener"> | undefined;
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
}

const KEY = "holdfast.microphone";
/** Chromium lists the system's choice once more, under these names. */
const SYSTEM_CHOICES = ["default", "communications"];

export class AudioInputs {
  readonly #deps: AudioInputsDeps;
  readonly #listeners = new Set<() => void>();
  #view: InputsView;

  constructor(deps: AudioInputsDeps) {
    this.#deps = deps;
    this.#view = { list: [], chosen: stored(deps.storage), isGone: false };
    deps.media?.addEventListener("devicechange", () => void this.refresh());
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): InputsView => this.#view;

  /** Id of the one to listen to now; null for whichever the system uses. */
  get wanted(): string | null {
    const { chosen, isGone } = this.#view;
    return chosen === null || isGone ? null : chosen.id;
  }

  choose(chosen: AudioInput | null): void {
    const { storage } = this.#deps;
    if (chosen === null) storage.removeItem(KEY);
    else storage.setItem(KEY, JSON.stringify(chosen));
    this.#show(this.#view.list, chosen);
  }

  /** Looks again at what is connected. Never rejects. */
  async refresh(): Promise<void> {
    const devices = await this.#deps.media?.enumerateDevices().catch(() => undefined);
    if (devices === undefined) return;
    const list = devices
      // Without permission they have neither id nor name.
      .filter(({ kind, deviceId, label }) => kind === "audioinput" && deviceId !== "" && label !== "")
      .filter(({ deviceId }) => !SYSTEM_CHOICES.includes(deviceId))
      .map(({ deviceId, label }) => ({ id: deviceId, label }));
    this.#show(list, this.#view.chosen);
  }

  #show(list: readonly AudioInput[], chosen: AudioInput | null): void {
    const found = chosen === null ? undefined : (list.find(({ id }) => id === chosen.id) ?? onlyNamed(list, chosen));
    const isGone = chosen !== null && list.length > 0 && found === undefined;
    this.#view = { list, chosen: found ?? chosen, isGone };
    for (const listener of this.#listeners) listener();
  }
}

function onlyNamed(list: readonly AudioInput[], { label }: AudioInput): AudioInput | undefined {
  const named = list.filter((each) => each.label === label);
  return named.length === 1 ? named[0] : undefined;
}

function stored(storage: Pick<Storage, "getItem">): AudioInput | null {
  try {
    const { id, label } = JSON.parse(storage.getItem(KEY) ?? "null") as Partial<AudioInput>;
    return typeof id === "string" && typeof label === "string" ? { id, label } : null;
  } catch {
    return null;
  }
}
