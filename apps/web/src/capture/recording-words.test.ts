/** What is said below a running recording: the worst first, and nothing while all is well. */
import { describe, expect, it } from "vitest";
import { english } from "../../test/english.ts";
import { IDLE, type RecordingState, type Storage } from "./recording-state.ts";
import { recordingNotice } from "./recording-words.ts";

const said = (state: RecordingState): string => {
  const notice = recordingNotice(state);
  return notice === null ? "" : english.t(notice);
};

const running: RecordingState = { ...IDLE, phase: "recording", link: "live", transcription: "ready" };

const STORAGE: Readonly<Record<Storage, RegExp>> = {
  fine: /^$/,
  low: /Room on this device is running out/,
  stalled: /takes no sound at the moment/,
  losing: /is being lost/,
  lost: /Some seconds were lost/,
};

describe("what is said of a recording", () => {
  it.each(Object.keys(STORAGE) as Storage[])("while storage is %s", (storage) => {
    expect(said({ ...running, storage })).toMatch(STORAGE[storage]);
    // A server that is away must not hide that sound is lost.
    if (storage !== "fine") expect(said({ ...running, storage, link: "reconnecting" })).toMatch(STORAGE[storage]);
  });

  it.each(["connecting", "reconnecting", "refused"] as const)("while the link is %s: the sound is kept", (link) => {
    expect(said({ ...running, link })).toMatch(/kept/);
  });

  it.each(["recovering", "failed"] as const)("while transcription is %s: the sound is kept", (transcription) => {
    expect(said({ ...running, transcription })).toMatch(/being kept/);
  });

  it("while another microphone is heard, and when the shared sound has ended or there is none", () => {
    expect(said({ ...running, isOtherMicrophone: true })).toMatch(/another one/);
    expect(said({ ...running, shared: "ended" })).toMatch(/The microphone goes on/);
    expect(said({ ...running, shared: "silent" })).toMatch(/has no sound/);
    expect(said({ ...running, shared: "on" })).toBe("");
    expect(said({ ...running, shared: "ended", link: "reconnecting" })).toMatch(/kept/);
  });

  it("at its end without a server promises no more than is true", () => {
    expect(said({ ...running, phase: "stopping" })).toBe("Sending the last seconds…");
    expect(said({ ...running, phase: "stopping", link: "reconnecting" })).toMatch(/goes up by itself/);
  });
});
