/** Exported conversations: what each format says, that nothing said becomes markup or ends a cue, and that no word is lost. */
import type { Conversation, Segment } from "@holdfast/contract";
import { Structured } from "@holdfast/contract";
import {
  attachmentHeader,
  cuesOf,
  escapeMarkdown,
  exportName,
  fileNameOf,
  markdownOf,
  plainTextOf,
  srtOf,
  vttOf,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

function segment(text: string, start: number, end: number, over: Partial<Segment> = {}): Segment {
  return {
    ...{
      id: `${start}-${end}`,
      text,
      speaker: "SPEAKER_00",
      speaker_id: 0,
      is_user: false,
      person_id: null,
      start,
      end,
    },
    ...{ translations: [], speech_profile_processed: true, stt_provider: null, ...over },
  };
}

function conversation(segments: Segment[], structured: object = {}): Conversation {
  const at = "2026-11-01T12:30:05.000Z";
  return {
    ...{ id: "c1", created_at: at, updated_at: at, started_at: at, finished_at: at, source: "omi", language: "en" },
    ...{ structured: Structured.parse(structured), transcript_segments: segments, geolocation: null, photos: [] },
    ...{ audio_files: [], apps_results: [], plugins_results: [], external_data: null, app_id: null, discarded: false },
    ...{ visibility: "private", starred: false, processing_conversation_id: null, processing_memory_id: null },
    ...{ status: "completed", is_locked: false, deferred: false, folder_id: null, call_id: null },
    ...{ client_device_id: null, client_platform: null, summary_kind: "basic", state_reason: null },
  };
}

const NAMES = new Map([["p1", "Anna *B*"]]);
const MEETING = conversation(
  [
    segment("Shall we ship on 5 < 6 & go?", 1.5, 3.25),
    segment("Yes --> now.", 3.25, 4, { person_id: "p1", speaker_id: 1 }),
    segment("", 4, 5),
    segment("Fine.", 3_725.001, 3_726, { is_user: true }),
  ],
  {
    title: "Release # date",
    overview: "We ship.\n\n- on Friday\n# soon",
    action_items: [
      { description: "Write *notes*", completed: true },
      { description: "Ship", due_at: "2026-11-06T00:00:00Z" },
    ],
    events: [{ title: "Launch", start: "2026-11-06T09:00:00Z" }],
  },
);

describe("Markdown", () => {
  it("says all of it, in order, with names and times", () => {
    expect(markdownOf(MEETING, NAMES)).toBe(`# Release \\# date

2026-11-01 12:30 UTC

## Summary

We ship.

\\- on Friday

\\# soon

## Action items

- [x] Write \\*notes\\*
- [ ] Ship (due 2026-11-06)

## Events

- 2026-11-06 09:00 UTC: Launch

## Transcript

**Speaker 1** (0:00:01): Shall we ship on 5 \\< 6 \\& go?

**Anna \\*B\\*** (0:00:03): Yes --\\> now.

**You** (1:02:05): Fine.
`);
  });

  it("leaves out what a conversation does not have", () => {
    expect(markdownOf(conversation([]), NAMES)).toBe("# Untitled conversation\n\n2026-11-01 12:30 UTC\n");
  });

  it("escapes every line so that it reads back as it was, and begins nothing", () => {
    const line = fc.oneof(fc.string(), fc.stringMatching(/^[-+=:#>*_`[\]<&|~!\\.\d)]{1,12}$/u));
    fc.assert(
      fc.property(line, (text) => {
        const escaped = escapeMarkdown(text);
        expect(escaped.replace(/\\([!-/:-@[-`{-~])/gu, "$1")).toBe(text);
        const bare = escaped.replace(/\\[!-/:-@[-`{-~]/gu, "");
        expect(bare).not.toMatch(/[`*_[\]<>&#|~!]/u);
        expect(escaped).not.toMatch(/^(?:[-+=:]|\d{1,9}[.)])/u);
      }),
    );
  });
});

describe("captions", () => {
  it("are SubRip with numbers, commas, and the speaker where it changes", () => {
    expect(srtOf(MEETING, NAMES)).toBe(`1
00:00:01,500 --> 00:00:03,250
Speaker 1:
Shall we ship on 5 < 6 & go?

2
00:00:03,250 --> 00:00:04,000
Anna *B*:
Yes -> now.

3
01:02:05,001 --> 01:02:06,000
You:
Fine.
`);
  });

  it("are WebVTT with voices, and escaped", () => {
    expect(vttOf(MEETING, NAMES)).toBe(`WEBVTT

00:00:01.500 --> 00:00:03.250
<v Speaker 1>Shall we ship on 5 &lt; 6 &amp; go?

00:00:03.250 --> 00:00:04.000
<v Anna *B*>Yes --&gt; now.

01:02:05.001 --> 01:02:06.000
<v You>Fine.
`);
    expect(vttOf(conversation([]), NAMES)).toBe("WEBVTT\n");
    expect(srtOf(conversation([]), NAMES)).toBe("");
  });

  const said = fc.record({
    text: fc.oneof(fc.lorem({ maxCount: 60 }), fc.string({ maxLength: 300, unit: "grapheme" })),
    start: fc.double({ min: -1, max: 400_000, noNaN: true }),
    length: fc.double({ min: 0, max: 300, noNaN: true }),
  });

  it("lose no word, keep to two lines of 42, and end after they begin, in order", () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 8 }), (list) => {
        for (const one of list) {
          const spoken = {
            speaker: "S",
            startMs: Math.max(0, Math.round(one.start * 1_000)),
            endMs: 0,
            text: one.text,
          };
          const text = one.text.replace(/\s+/gu, " ").trim();
          if (text === "") continue;
          const endMs = spoken.startMs + 1 + Math.round(one.length * 1_000);
          const cues = cuesOf([{ ...spoken, text, endMs }]);
          expect(
            cues
              .flatMap(({ lines }) => lines)
              .join("")
              .replaceAll(" ", ""),
          ).toBe(text.replaceAll(" ", ""));
          expect(cues[0]?.startMs).toBe(spoken.startMs);
          expect(cues.at(-1)?.endMs).toBe(endMs);
          for (const [i, cue] of cues.entries()) {
            expect(cue.endMs).toBeGreaterThan(cue.startMs);
            expect(cue.startMs).toBe(cues[i - 1]?.endMs ?? spoken.startMs);
            for (const line of cue.lines) expect(line.length).toBeLessThanOrEqual(42);
            if (endMs - spoken.startMs > text.length) expect(cue.lines.length).toBeLessThanOrEqual(2);
          }
        }
        const whole = conversation(list.map(({ text, start, length }) => segment(text, start, start + length)));
        const starts = [
          ...srtOf(whole, NAMES).matchAll(/^\d+\n(\d{2,}:\d{2}:\d{2},\d{3}) --> (\d{2,}:\d{2}:\d{2},\d{3})$/gmu),
        ];
        const times = starts.map(([, from = ""]) => from.padStart(13, "0"));
        expect(times).toEqual([...times].sort());
        expect(vttOf(whole, NAMES).match(/-->/gu)?.length ?? 0).toBe(starts.length);
        expect(srtOf(whole, NAMES)).not.toMatch(/\n\n\n/u);
      }),
    );
  });
});

describe("plain text", () => {
  it("says all of it", () => {
    expect(plainTextOf(MEETING, NAMES)).toBe(`Release # date
2026-11-01 12:30 UTC

We ship.
- on Friday
# soon

[x] Write *notes*
[ ] Ship

[0:00:01] Speaker 1: Shall we ship on 5 < 6 & go?
[0:00:03] Anna *B*: Yes --> now.
[1:02:05] You: Fine.
`);
  });
});

describe("file names", () => {
  it("are the day and the title", () => {
    expect(exportName(MEETING, "md")).toBe("2026-11-01 Release # date.md");
    expect(exportName(conversation([]), "srt")).toBe("2026-11-01 Untitled conversation.srt");
  });

  it("go out in ASCII and in UTF-8", () => {
    expect(attachmentHeader(`Zürich's (5%) "a".md`)).toBe(
      `attachment; filename="Z_rich's (5_) _a_.md"; filename*=UTF-8''Z%C3%BCrich%27s%20%285%25%29%20%22a%22.md`,
    );
  });

  it("are never a path, hidden or empty, and every header is ASCII and reads back", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("..", "/", ".\0", "\ud800", "a/../b")),
        (text) => {
          const name = fileNameOf(text);
          expect(name).not.toBe("");
          // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a name may not hold.
          expect(name).not.toMatch(/[/\\:*?"<>|\u0000-\u001f]|^\.|^\s|\s$/u);
          expect([...name].length).toBeLessThanOrEqual(80);
          const header = attachmentHeader(`${name}.md`);
          expect(header).toMatch(/^attachment; filename="[ !#-[\]-~]*"; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+$/u);
          expect(decodeURIComponent(header.split("''")[1] ?? "")).toBe(`${name}.md`);
        },
      ),
    );
  });
});
