/** What goes into the log from outside and comes out again: `.bin` files, ordinary sound, and the index of Omi's app. */
import { writeFrames } from "@holdfast/contract";
import { MemoryDisk } from "@holdfast/testkit/log";
import { describe, expect, it } from "vitest";
import { openLog } from "./log-of.ts";
import { frameOf, OPUS } from "./recordings.ts";

const bytes = writeFrames([frameOf(1), frameOf(2), frameOf(3)]);
const NAME = "audio_omi123_opus_fs320_16000_1_fs320_1780000000.bin";
const plain = async (content: Blob): Promise<number[]> => [...new Uint8Array(await content.arrayBuffer())];

describe("an imported .bin file", () => {
  it("is one recording however often it comes, byte for byte, under the name it came with", async () => {
    const disk = new MemoryDisk();
    const { log } = await openLog(disk);
    const [first, second] = await Promise.all([
      log.importBin(NAME, new Blob([bytes])),
      log.importBin("audio_other_opus_16000_1_fs160_1780000001.bin", new Blob([bytes])),
    ]);
    expect([first.isNew, second.isNew, second.recording.id]).toEqual([true, false, first.recording.id]);
    expect(first.recording).toMatchObject({
      kind: "frames",
      status: "miss",
      device: "omi123",
      codec: "opus_fs320",
      frames: 3,
      durationMs: 60,
      startedAtMs: 1_780_000_000_000,
      originalName: NAME,
    });
    await log.close();
    const again = (await openLog(disk)).log;
    expect(again.recordings.size).toBe(1);
    const { name, content } = await again.content(first.recording.id);
    expect([name, await plain(content)]).toEqual([NAME, [...bytes]]);
  });

  it("keeps a damaged tail, and says how long it is", async () => {
    const { log } = await openLog(new MemoryDisk());
    const damaged = new Blob([bytes, new Uint8Array([9, 0, 0, 0, 1])]);
    const { recording, droppedBytes } = await log.importBin(NAME, damaged);
    expect([recording.frames, droppedBytes]).toEqual([3, 5]);
    expect(await plain((await log.content(recording.id)).content)).toEqual(await plain(damaged));
  });

  it("of the same name and other content is kept under a name of its own", async () => {
    const { log } = await openLog(new MemoryDisk());
    const first = await log.importBin(NAME, new Blob([bytes]));
    const second = await log.importBin(NAME, new Blob([bytes, bytes]));
    const names = await Promise.all(
      [first, second].map(async ({ recording }) => (await log.content(recording.id)).name),
    );
    expect(names).toEqual([NAME, NAME.replace("1780000000", "1780000000.001")]);
    expect(second.recording.originalName).toBe(NAME);
  });

  it.each([
    ["notes.txt", bytes, "sync_invalid_name"],
    ["audio_x_1.bin", bytes, "sync_invalid_timestamp"],
    [NAME, new Uint8Array([255, 255, 255, 255]), "no_frames"],
  ])("%s is refused where it is none", async (name, content, code) => {
    const disk = new MemoryDisk();
    const { log } = await openLog(disk);
    await expect(log.importBin(name, new Blob([content.slice()]))).rejects.toMatchObject({
      code,
      class: "permanent_input",
    });
    expect(disk.names().filter((each) => each.endsWith(".seg"))).toEqual([]);
  });

  it("leaves nothing behind when there is no room for it", async () => {
    const disk = new MemoryDisk();
    const { log } = await openLog(disk);
    disk.knownFreeBytes = null;
    disk.capacityBytes = 900;
    await expect(log.importSound("big.wav", new Blob([new Uint8Array(5_000)]), 1)).rejects.toMatchObject({
      code: "storage_full",
    });
    expect(disk.names().filter((each) => each.endsWith(".seg"))).toEqual([]);
    expect(log.recordings.size).toBe(0);
  });
});

describe("an ordinary sound file", () => {
  it("of any size and kind is kept as it was given", async () => {
    const disk = new MemoryDisk();
    const { log } = await openLog(disk);
    const sound = new Blob([new Uint8Array(5_300_000).map((_, at) => at % 253)]);
    const { recording } = await log.importSound("a talk.mp3", sound, 1_780_000_000_000);
    expect(recording).toMatchObject({ kind: "sound", frames: 0, durationMs: 0, startedAtMs: 1_780_000_000_000 });
    const { name, content } = await log.content(recording.id);
    expect(name).toBe("a talk.mp3");
    expect(content.size).toBe(sound.size);
    expect(await plain(content)).toEqual(await plain(sound));
    disk.poke(recording.file, (disk.peek(recording.file) ?? new Uint8Array(0)).slice(0, -1));
    await expect(log.content(recording.id)).rejects.toMatchObject({ code: "file_missing" });
  });
});

describe("the index of Omi's app", () => {
  const wal = {
    timer_start: 1_780_000_000,
    codec: "opus_fs320",
    device: "omi-123",
    device_model: "Omi CV 1",
    status: "miss",
    file_path: `/old/container/${NAME}`,
    retry_count: 2,
    last_retry_at: 1_780_000_100,
    conversation_id: "c-9",
    ownerUid: "someone",
    future: { field: [1, 2] },
  };

  it("comes in with its files, and goes out with every field it came with", async () => {
    const disk = new MemoryDisk();
    const { log } = await openLog(disk);
    const json = JSON.stringify({
      version: 1,
      timestamp: 5,
      wals: [wal, { ...wal, file_path: "gone_1780000001.bin" }, 7],
    });
    const { recordings, skipped } = await log.importOmiIndex(json, async (name) =>
      name === NAME ? new Blob([bytes]) : null,
    );
    expect(skipped).toEqual([{ name: "gone_1780000001.bin", reason: "file_missing" }]);
    expect(recordings).toHaveLength(1);
    expect(recordings[0]).toMatchObject({
      status: "miss",
      attempts: 2,
      lastAttemptAtMs: 1_780_000_100_000,
      conversationId: "c-9",
      device: "omi-123",
      deviceModel: "Omi CV 1",
    });
    await log.close();
    const again = (await openLog(disk)).log;
    await again.apply([[recordings[0]?.id ?? "", { type: "accepted", jobId: "j", nowMs: 1_780_000_200_000 }]]);
    const out = JSON.parse(again.exportOmiIndex(({ originalName }) => originalName ?? ""));
    expect(out).toMatchObject({ version: 1, timestamp: expect.any(Number) });
    expect(out.wals).toEqual([
      {
        ...wal,
        status: "uploaded",
        job_id: "j",
        uploaded_at: 1_780_000_200,
        file_path: NAME,
        storage: "disk",
        storage_offset: 0,
        storage_total_bytes: 0,
        file_num: 1,
        channel: 1,
        sample_rate: 16_000,
        seconds: 0,
        total_frames: 3,
        synced_frame_offset: 0,
      },
    ]);
  });

  it.each([
    [
      { status: "uploaded", job_id: "j", uploaded_at: 7 },
      { status: "uploaded", jobId: "j", uploadedAtMs: 7_000 },
    ],
    [
      { status: "uploaded", job_id: "" },
      { status: "miss", jobId: null },
    ],
    [{ status: "inProgress" }, { status: "miss" }],
    [{ status: "corrupted" }, { status: "miss" }],
    [{ status: "outsideRecoveryWindow" }, { status: "outside_recovery_window" }],
    [{ status: "a new one" }, { status: "miss" }],
    [{ status: "synced" }, { status: "synced", syncedAtMs: 0 }],
  ])("%o is %o here", async (given, wanted) => {
    const { log } = await openLog(new MemoryDisk());
    const json = JSON.stringify({ version: 1, wals: [{ ...wal, ...given }] });
    const { recordings } = await log.importOmiIndex(json, async () => new Blob([bytes]));
    expect(recordings[0]).toMatchObject(wanted);
  });

  it("of the wrong shape brings nothing, and does no harm", async () => {
    const { log } = await openLog(new MemoryDisk());
    for (const json of ["[]", "{}", '{"wals":{}}', "null"]) {
      expect(await log.importOmiIndex(json, async () => null)).toEqual({ recordings: [], skipped: [] });
    }
    await expect(log.importOmiIndex("{", async () => null)).rejects.toThrow(SyntaxError);
  });

  it("holds what was captured here as well", async () => {
    const { log } = await openLog(new MemoryDisk());
    const session = await log.begin(OPUS);
    session.append(frameOf(0));
    await session.close();
    const out = JSON.parse(log.exportOmiIndex(({ id }) => `${id}.bin`));
    expect(out.wals).toMatchObject([
      { status: "miss", device: "Phone Mic", total_frames: 1, file_path: `${session.id}-0.bin` },
    ]);
  });
});
