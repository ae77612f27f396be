/** What is played when, with links that come late, end or lead nowhere. The sound is that of the test, the player is real. */
import { describe, expect, it } from "vitest";
import { ofThisServer, Player } from "./player.ts";

/** As much of an audio element as the player uses; it plays once it has a source, unless the link is a dead one. */
class TestSound {
  src = "";
  currentTime = 0;
  playbackRate = 1;
  defaultPlaybackRate = 1;
  preload = "" as const;
  readonly #listeners = new Map<string, (() => void)[]>();

  addEventListener(name: string, listener: () => void): void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }
  say(name: string): void {
    for (const listener of this.#listeners.get(name) ?? []) listener();
  }
  async play(): Promise<void> {
    await Promise.resolve();
    if (this.src.includes("dead")) {
      this.say("error");
      throw new Error("no source");
    }
    this.say("playing");
  }
  pause(): void {
    this.say("pause");
  }
  removeAttribute(): void {
    this.src = "";
  }
  load(): void {}
}

function start() {
  const sound = new TestSound();
  let asked = 0;
  const player = new Player(sound as unknown as HTMLAudioElement, () => {
    asked += 1;
  });
  const settled = async (): Promise<string> => {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    return player.snapshot().phase;
  };
  return { sound, player, settled, asked: () => asked };
}

describe("a player", () => {
  it("asks for nothing before somebody wants to hear it, and once then", async () => {
    const { sound, player, settled, asked } = start();
    player.use("/unasked");
    player.seek(3);
    expect([sound.src, asked(), player.snapshot().phase]).toEqual(["", 0, "idle"]);
    player.play();
    player.play();
    expect([asked(), player.snapshot().phase]).toEqual([1, "preparing"]);
    player.use("/link");
    expect(await settled()).toBe("playing");
    expect([sound.src, sound.currentTime]).toEqual(["/link", 3]);
  });

  it("does not play what was given up while it was prepared", async () => {
    const { sound, player, settled } = start();
    player.play();
    player.pause();
    player.use("/link");
    expect([await settled(), sound.src]).toEqual(["idle", ""]);
  });

  it("asks once more for a link that has ended, and goes on where it was", async () => {
    const { sound, player, settled, asked } = start();
    player.play();
    player.use("/first");
    await settled();
    sound.currentTime = 42;
    sound.say("timeupdate");
    sound.say("error");
    expect([asked(), player.snapshot().phase, sound.src]).toEqual([2, "preparing", ""]);
    player.use("/second");
    expect(await settled()).toBe("playing");
    expect([sound.src, sound.currentTime]).toEqual(["/second", 42]);
  });

  it("that is paused asks again only when it is to play", async () => {
    const { sound, player, settled, asked } = start();
    player.play();
    player.use("/first");
    await settled();
    player.pause();
    sound.say("error");
    expect([asked(), player.snapshot().phase]).toEqual([1, "idle"]);
    player.play();
    expect(asked()).toBe(2);
  });

  it("fails where a fresh link leads nowhere or none is to be had, and tries anew when asked to", async () => {
    const { player, settled, asked } = start();
    player.play();
    player.use("/dead");
    expect(await settled()).toBe("failed");
    player.play();
    expect([asked(), player.snapshot().phase]).toEqual([2, "preparing"]);
    player.fail();
    expect(player.snapshot().phase).toBe("failed");
    player.play();
    player.use("/link");
    expect(await settled()).toBe("playing");
  });

  it("keeps its speed over links, and is silent when it is closed", async () => {
    const { sound, player, settled } = start();
    player.setRate(1.5);
    player.playFrom(7);
    player.use("/link");
    await settled();
    expect([sound.defaultPlaybackRate, sound.playbackRate, sound.currentTime]).toEqual([1.5, 1.5, 7]);
    player.close();
    expect([player.snapshot().phase, sound.src]).toEqual(["idle", ""]);
  });

  it("counts each wish to hear something, and nothing else", async () => {
    const { sound, player, settled } = start();
    player.play();
    player.use("/link");
    await settled();
    player.seek(4);
    sound.currentTime = 5;
    sound.say("timeupdate");
    player.pause();
    expect(player.snapshot()).toMatchObject({ starts: 2, position: 5 });
  });
});

it("a link is followed at the address of the page", () => {
  expect(ofThisServer("http://inside:8787/v1/a%20b?x=1&y=2")).toBe("/v1/a%20b?x=1&y=2");
});
