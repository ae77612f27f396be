/**
 * The language of this page: chosen once before anything is drawn, so that no other one flashes, and again when the person
 * chooses, here or in another tab. A language in the address (`?lang=de`) holds for the visit, one from the settings for this
 * browser. What cannot be loaded leaves the page in the language that it has.
 */
import { chooseLocale, directionOf, type Locale, localeOf, type ShownLocale } from "./locales.ts";
import { type Catalogue, createWords, type Words } from "./words.ts";

const CHOSEN = "holdfast.language";
const OF_THIS_VISIT = "holdfast.language.visit";
const PARAMETER = "lang";

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export interface LanguageDeps {
  readonly english: Catalogue;
  readonly lazy: Readonly<Record<string, () => Promise<{ readonly default: Catalogue }>>>;
  readonly stored: Store;
  /** Ends with the tab. */
  readonly visit: Store;
  readonly location: Pick<Location, "search" | "pathname" | "hash">;
  readonly history: Pick<History, "replaceState" | "state">;
  /** `navigator.languages`. */
  readonly browser: () => readonly string[];
  readonly root: Pick<HTMLElement, "lang" | "dir">;
  /** Another tab wrote to `stored`; null for all of its keys. */
  readonly onStoredElsewhere: (listener: (key: string | null) => void) => void;
}

export class PageLanguage {
  readonly #deps: LanguageDeps;
  readonly #listeners = new Set<() => void>();
  #words: Words;

  constructor(deps: LanguageDeps) {
    this.#deps = deps;
    this.#words = createWords({ name: "en", locale: "en", direction: "ltr", messages: deps.english }, deps.english);
    deps.onStoredElsewhere((key) => {
      if (key === CHOSEN || key === null) this.#show().catch(() => {});
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): Words => this.#words;

  /** What the person chose in the settings; null for the language of the browser. */
  chosen(): Locale | null {
    return localeOf(this.#deps.stored.getItem(CHOSEN) ?? "") ?? null;
  }

  /** What would be shown if nothing was chosen. */
  ofBrowser(): ShownLocale {
    return chooseLocale({ address: null, chosen: null, browser: this.#deps.browser() }).name;
  }

  /** Never rejects: where the catalogue cannot be loaded the page is in English. */
  async start(): Promise<void> {
    const { visit, location } = this.#deps;
    const address = new URLSearchParams(location.search).get(PARAMETER);
    if (address !== null) visit.setItem(OF_THIS_VISIT, address);
    await this.#show().catch(() => this.#use(this.#words));
  }

  /** Rejects where the language could not be loaded; nothing has changed then. */
  async choose(locale: Locale | null): Promise<void> {
    const { stored, visit } = this.#deps;
    await this.#load(locale ?? this.ofBrowser());
    if (locale === null) stored.removeItem(CHOSEN);
    else stored.setItem(CHOSEN, locale);
    // What was just chosen is meant more than an address that was followed before.
    visit.removeItem(OF_THIS_VISIT);
    this.#forgetAddress();
    await this.#show();
  }

  async #show(): Promise<void> {
    const { stored, visit, browser, english } = this.#deps;
    const address = visit.getItem(OF_THIS_VISIT);
    const { name, locale } = chooseLocale({ address, chosen: stored.getItem(CHOSEN), browser: browser() });
    const messages = await this.#load(name);
    this.#use(createWords({ name, locale, direction: directionOf(name), messages }, english));
  }

  async #load(name: ShownLocale): Promise<Catalogue> {
    const { english, lazy } = this.#deps;
    return (await lazy[name]?.())?.default ?? english;
  }

  #use(words: Words): void {
    this.#words = words;
    this.#deps.root.lang = words.name;
    this.#deps.root.dir = words.direction;
    for (const listener of this.#listeners) listener();
  }

  #forgetAddress(): void {
    const { location, history } = this.#deps;
    const search = new URLSearchParams(location.search);
    if (!search.has(PARAMETER)) return;
    search.delete(PARAMETER);
    const rest = search.size === 0 ? "" : `?${search}`;
    history.replaceState(history.state, "", `${location.pathname}${rest}${location.hash}`);
  }
}
