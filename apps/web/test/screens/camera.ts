/**
 * Takes a picture of what a page shows in every variant: light and dark, phone and desktop, left to right and right to left. The
 * page stays as it is in between: the language is chosen in another tab, which all tabs follow. Pictures are WebP files.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CDPSession, Page } from "playwright-core";

export const LANGUAGES = ["en", "ar"] as const;
export const THEMES = ["light", "dark"] as const;
export const SIZES = {
  desktop: { width: 1200, height: 860 },
  phone: { width: 390, height: 844 },
} as const;

export type Size = keyof typeof SIZES;

export interface Variant {
  readonly language: (typeof LANGUAGES)[number];
  readonly theme: (typeof THEMES)[number];
  readonly size: Size;
}

export const VARIANTS: readonly Variant[] = LANGUAGES.flatMap((language) =>
  (Object.keys(SIZES) as Size[]).flatMap((size) => THEMES.map((theme) => ({ language, theme, size }))),
);

export const fileOf = (scene: string, { language, theme, size }: Variant): string =>
  `${scene}/${size}-${theme}-${language}.webp`;

const QUALITY = 50;

export class Camera implements AsyncDisposable {
  readonly #folder: string;
  readonly #page: Page;
  readonly #other: Page;
  readonly #chromium: CDPSession;

  private constructor(folder: string, page: Page, other: Page, chromium: CDPSession) {
    this.#folder = folder;
    this.#page = page;
    this.#other = other;
    this.#chromium = chromium;
  }

  /** For one page of `origin`. */
  static async before(page: Page, origin: string, folder: string): Promise<Camera> {
    const other = await page.context().newPage();
    // Any answer of the same origin that is no page of the app, which would want the recordings for itself.
    await other.goto(`${origin}/manifest.webmanifest`);
    await page.bringToFront();
    return new Camera(folder, page, other, await page.context().newCDPSession(page));
  }

  /** Loads every language, so that it can be shown without a server. To be called while the page shows the app. */
  async loadLanguages(): Promise<void> {
    for (const language of LANGUAGES.toReversed()) await this.#speak(language);
  }

  async take(scene: string): Promise<void> {
    await mkdir(join(this.#folder, scene), { recursive: true });
    await this.#page.mouse.move(0, 0);
    for (const variant of VARIANTS) {
      await this.#show(variant);
      const { data } = await this.#chromium.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
      await writeFile(join(this.#folder, fileOf(scene, variant)), Buffer.from(data, "base64"));
    }
    await this.#show({ language: "en", theme: "light", size: "desktop" });
  }

  async #show({ language, theme, size }: Variant): Promise<void> {
    await this.#speak(language);
    await this.#page.setViewportSize(SIZES[size]);
    await this.#page.emulateMedia({ colorScheme: theme });
    await this.#page.evaluate(async () => {
      const ending = document.getAnimations().filter((each) => each.effect?.getComputedTiming().endTime !== Infinity);
      await Promise.allSettled(ending.map((each) => each.finished));
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    });
  }

  async #speak(language: Variant["language"]): Promise<void> {
    await this.#other.evaluate((name) => localStorage.setItem("holdfast.language", name), language);
    await this.#page.waitForFunction((name) => document.documentElement.lang === name, language);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#other.close();
  }
}
