/** The gallery of the pictures, and what is in it: `docs/screens/README.md` is this text and nothing else. */
import { fileOf, LANGUAGES, SIZES, type Size, THEMES } from "./camera.ts";
import type { Reel } from "./reel.ts";
import { HOME } from "./reels/home.ts";
import { SETTINGS } from "./reels/settings.ts";
import { SYNC } from "./reels/sync.ts";

interface Chapter {
  readonly title: string;
  readonly reels: readonly Reel[];
}

export const CHAPTERS: readonly Chapter[] = [
  { title: "Recording and conversations", reels: HOME },
  { title: "Recordings of this device", reels: SYNC },
  { title: "Queue and settings", reels: SETTINGS },
];

/** Widths in the gallery; the pictures are larger. */
const WIDTHS: Readonly<Record<Size, number>> = { desktop: 420, phone: 180 };

export function gallery(): string {
  const lines = [
    "# Screens of the page",
    "",
    "Every screen in every state: light and dark, phone and desktop, English and, for right to left, Arabic. Taken by",
    "`npm run screens -w apps/web` in Chromium before the real server; each picture is as large as the screen when opened.",
  ];
  for (const { title, reels } of CHAPTERS) {
    lines.push("", `## ${title}`);
    for (const { scenes } of reels) {
      for (const [name, shows] of Object.entries(scenes)) lines.push("", `### ${shows}`, "", ...rows(name));
    }
  }
  return `${lines.join("\n")}\n`;
}

function rows(scene: string): string[] {
  return LANGUAGES.map((language) =>
    (Object.keys(SIZES) as Size[])
      .flatMap((size) => THEMES.map((theme) => ({ size, file: fileOf(scene, { language, size, theme }) })))
      .map(({ size, file }) => `<a href="${file}"><img src="${file}" width="${WIDTHS[size]}" alt=""></a>`)
      .join(" "),
  )
    .flatMap((row) => [row, ""])
    .slice(0, -1);
}
