/** Which microphones there are, the one that was chosen, and what is wanted when that one is away. */
import { describe, expect, it } from "vitest";
import { AudioInputs } from "./audio-inputs.ts";

class Machine {
  devices: Partial<MediaDeviceInfo>[] = [];
  readonly kept = new Map<string, string>();
  #changed: () => void = () => {};

  readonly media = {
    enumerateDevices: () => Promise.resolve(this.devices as MediaDeviceInfo[]),
    addEventListener: (_name: string, listener: () => void) => {
      this.#changed = listener;
    },
  } as Pick<MediaDevices, "enumerateDevices" | "addEventListener">;

  readonly storage = {
    getItem: (key: string) => this.kept.get(key) ?? null,
    setItem: (key: string, value: string) => void this.kept.set(key, value),
    removeItem: (key: string) => void this.kept.delete(key),
  };

  open(): AudioInputs {
    return new AudioInputs(this);
  }

  /** Resolves when the page has heard of it. */
  async connect(inputs: AudioInputs, ...labels: readonly string[]): Promise<void> {
    this.devices = labels.map(microphone);
    const { promise, resolve } = Promise.withResolvers<void>();
    const leave = inputs.subscribe(resolve);
    this.#changed();
    await promise;
    leave();
  }
}

const microphone = (label: string): Partial<MediaDeviceInfo> => ({
  kind: "audioinput",
  deviceId: `id of ${label}`,
  label,
});
const built = { id: "id of Built-in", label: "Built-in" };
const headset = { id: "id of Headset", label: "Headset" };

describe("the microphones", () => {
  it("are the inputs that have names, without the system's choice once more", async () => {
    const machine = new Machine();
    machine.devices = [
      { kind: "audioinput", deviceId: "default", label: "Default - Built-in" },
      { kind: "audioinput", deviceId: "communications", label: "Communications - Headset" },
      ...["Built-in", "Headset"].map(microphone),
      { kind: "audiooutput", deviceId: "s", label: "Speaker" },
      { kind: "videoinput", deviceId: "c", label: "Camera" },
    ];
    const inputs = machine.open();
    await inputs.refresh();
    expect(inputs.snapshot()).toEqual({ list: [built, headset], chosen: null, isGone: false });
    expect(inputs.wanted).toBeNull();
  });

  it("are unknown before the page may listen, and none is taken for gone", async () => {
    const machine = new Machine();
    machine.devices = [{ kind: "audioinput", deviceId: "", label: "" }];
    const inputs = machine.open();
    inputs.choose(headset);
    await inputs.refresh();
    expect(inputs.snapshot()).toMatchObject({ list: [], isGone: false });
    expect(inputs.wanted).toBe(headset.id);
  });

  it("are none on a page that is not secure, or where the browser refuses to tell", async () => {
    const { storage } = new Machine();
    const insecure = new AudioInputs({ media: undefined, storage });
    await insecure.refresh();
    expect(insecure.snapshot().list).toEqual([]);
    const machine = new Machine();
    machine.media.enumerateDevices = () => Promise.reject(new DOMException("", "NotAllowedError"));
    const inputs = machine.open();
    await inputs.refresh();
    expect(inputs.snapshot().list).toEqual([]);
  });
});

describe("the chosen one", () => {
  it("is remembered on this device, and forgotten again", async () => {
    const machine = new Machine();
    machine.open().choose(headset);
    const again = machine.open();
    expect(again.snapshot().chosen).toEqual(headset);
    again.choose(null);
    expect(machine.kept.size).toBe(0);
  });

  it("gives way to the system's while it is away, and is wanted when it is back", async () => {
    const machine = new Machine();
    const inputs = machine.open();
    inputs.choose(headset);
    await machine.connect(inputs, "Built-in", "Headset");
    expect([inputs.wanted, inputs.snapshot().isGone]).toEqual([headset.id, false]);
    await machine.connect(inputs, "Built-in");
    expect([inputs.wanted, inputs.snapshot().isGone]).toEqual([null, true]);
    expect(inputs.snapshot().chosen).toEqual(headset);
    await machine.connect(inputs, "Built-in", "Headset");
    expect([inputs.wanted, inputs.snapshot().isGone]).toEqual([headset.id, false]);
  });

  it("is known by its name where the browser gave it another id, unless two have that name", async () => {
    const machine = new Machine();
    machine.open().choose({ id: "of yesterday", label: "Headset" });
    const inputs = machine.open();
    await machine.connect(inputs, "Built-in", "Headset");
    expect(inputs.snapshot()).toMatchObject({ chosen: headset, isGone: false });
    expect(inputs.wanted).toBe(headset.id);
    const again = machine.open();
    machine.devices = ["Headset", "Headset"].map(microphone);
    await again.refresh();
    expect(again.snapshot().isGone).toBe(true);
  });

  it.each(["", "null", "7", '{"id":7,"label":"x"}', "{"])("that is kept as %j is none", (text) => {
    const machine = new Machine();
    machine.kept.set("holdfast.microphone", text);
    expect(machine.open().snapshot().chosen).toBeNull();
  });
});
