/** What is seen or heard in a page in the pseudo-locale `en-XA` and was never translated. Runs in the page itself. */
export function plainWords(): readonly string[] {
  const spoken = ["aria-label", "title", "placeholder", "alt"];
  // Names of people, files and the program, and what `Intl` writes.
  const own = "[dir=auto], bdi, time, code, option[lang], [aria-hidden=true], script, noscript, style";
  const isOwn = /^(Holdfast|owner|Today|Yesterday|\d+:\d\d\s[AP]M|[\d.,]+\s(sec|min|hr|kB|MB|GB)( \d+ min)?)$/;
  const isPlain = (text: string): boolean => /[A-Za-z]{2}/.test(text) && !/[\u00c0-\u024f\u1e00-\u1eff[\]]/.test(text);
  const found: string[] = [];
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest(own) !== null) continue;
    const texts = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
    const words = [
      ...texts.map(({ textContent }) => textContent ?? ""),
      ...spoken.flatMap((name) => element.getAttribute(name) ?? []),
    ];
    const isOfFile = element.querySelector("bdi") !== null;
    found.push(...words.map((text) => text.trim()).filter((text) => isPlain(text) && !isOwn.test(text) && !isOfFile));
  }
  return found;
}
