import { describe, expect, it } from "vitest";
import { parseListenQuery } from "../src/server/listen-query.ts";

const parse = (query: string) => parseListenQuery(new URLSearchParams(query));

describe("the query of a stream", () => {
  it.each([
    ["encoding=linear16&sample_rate=8000", { codec: "pcm16", sampleRate: 8_000, interim: false }],
    ["encoding=linear8&sample_rate=8000", { codec: "pcm8", layout: "linear8" }],
    ["encoding=opus", { codec: "opus_fs320", sampleRate: 16_000 }],
    ["encoding=opus&codec=opus", { codec: "opus" }],
    [
      "encoding=opus&interim_results=true&language=en&engine=embedded",
      { interim: true, language: "en", engine: "embedded" },
    ],
    ["encoding=aac&sample_rate=44100", { codec: "aac", sampleRate: 44_100 }],
    ["encoding=lc3&codec=lc3_fs1030", { codec: "lc3_fs1030" }],
    ["encoding=opus&endpointing=1000", { endpointMs: 1_000 }],
    ["encoding=opus&endpointing=1", { endpointMs: 200 }],
    ["encoding=opus&endpointing=true", { endpointMs: 416 }],
    ["encoding=opus&diarize=true&anything=else", { codec: "opus_fs320" }],
  ])("%s", (query, expected) => {
    expect(parse(query)).toMatchObject(expected);
  });

  it.each([
    "",
    "encoding=mp3",
    "encoding=opus&codec=lc3",
    "encoding=aac&sample_rate=10000",
    "encoding=opus&sample_rate=7999",
    "encoding=opus&sample_rate=x",
    "encoding=linear16&channels=2",
  ])("%s is refused with a reason", (query) => {
    expect(parse(query)).toEqual({ problem: expect.any(String) });
  });
});
