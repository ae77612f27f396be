/** The gallery of docs/screens shows every picture that is there, and every picture that it shows is there. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { fileOf, VARIANTS } from "./screens/camera.ts";
import { CHAPTERS, gallery } from "./screens/gallery.ts";

const FOLDER = fileURLToPath(new URL("../../../docs/screens/", import.meta.url));

it("every scene has a picture in every variant, and there are no others", () => {
  const scenes = CHAPTERS.flatMap(({ reels }) => reels).flatMap((reel) => Object.keys(reel.scenes));
  expect(scenes).toHaveLength(new Set(scenes).size);
  const wanted = scenes.flatMap((scene) => VARIANTS.map((variant) => fileOf(scene, variant)));
  const there = readdirSync(FOLDER, { recursive: true, encoding: "utf8" });
  expect(there.filter((name) => name.endsWith(".webp")).sort()).toEqual(wanted.sort());
});

it("the gallery is the one that the script writes", () => {
  expect(readFileSync(`${FOLDER}README.md`, "utf8")).toBe(gallery());
});
