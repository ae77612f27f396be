/** Signing in by link, by pasting and out again; the token never stays in the address bar. */
import { describe, expect, it } from "vitest";
import { Session } from "./session.ts";
import { rememberAccount, rememberedAccount, type TokenPlace, tokenOf } from "./token.ts";

function browser(hash: string, stored: string | null = null) {
  const kept = new Map<string, string>(stored === null ? [] : [["holdfast.token", stored]]);
  const shown: string[] = [];
  const location = { hash, pathname: "/conversations/1", search: "?lang=de" };
  const place: TokenPlace = {
    storage: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    },
    location,
    history: { replaceState: (_state, _title, url) => void shown.push(String(url)) },
  };
  return { place, kept, shown, location };
}

describe("tokenOf", () => {
  it.each([
    ["abc", "abc"],
    ["  abc\n", "abc"],
    ["#token=abc", "abc"],
    ["http://localhost:8787/#token=abc", "abc"],
    ["http://localhost:8787/#other=1", null],
    ["two words", null],
    ["", null],
  ])("of %j is %j", (text, token) => expect(tokenOf(text)).toBe(token));
});

describe("a session", () => {
  it("takes the token of the link, keeps it and cleans the address", () => {
    const { place, kept, shown } = browser("#token=new", "old");
    expect(new Session(place).snapshot()).toEqual({ signedIn: true, token: "new" });
    expect(kept.get("holdfast.token")).toBe("new");
    expect(shown).toEqual(["/conversations/1?lang=de"]);
  });

  it("goes on with the stored token", () => {
    const { place, shown } = browser("", "old");
    expect(new Session(place).token()).toBe("old");
    expect(shown).toEqual([]);
  });

  it("without a token is signed out, and says that there is none", () => {
    expect(new Session(browser("").place).snapshot()).toEqual({ signedIn: false, because: "no_token" });
  });

  it("ends when its token is refused, and forgets it", () => {
    const { place, kept } = browser("", "old");
    const session = new Session(place);
    session.refuse("old");
    expect(session.snapshot()).toEqual({ signedIn: false, because: "token_refused" });
    expect(kept.size).toBe(0);
  });

  it("does not end for a late refusal of an earlier token", () => {
    const session = new Session(browser("", "old").place);
    session.signIn("new");
    session.refuse("old");
    expect(session.token()).toBe("new");
  });

  it("follows a link opened in the running page, and tells its listeners", () => {
    const { place, location } = browser("", "old");
    const session = new Session(place);
    let told = 0;
    session.subscribe(() => {
      told += 1;
    });
    location.hash = "#token=new";
    session.readLink();
    expect([session.token(), told]).toEqual(["new", 1]);
  });

  it("signs out for good", () => {
    const { place, kept } = browser("#token=t");
    const session = new Session(place);
    session.signOut();
    expect([session.token(), kept.size]).toEqual(["", 0]);
  });
});

describe("the account of a token", () => {
  it("is remembered with it, over the same link again", () => {
    const { place, location } = browser("", "old");
    rememberAccount(place.storage, "anna");
    location.hash = "#token=old";
    expect(new Session(place).token()).toBe("old");
    expect(rememberedAccount(place.storage)).toBe("anna");
  });

  it.each([
    [
      "another token comes by link",
      (session: Session, place: TokenPlace) => {
        Object.assign(place.location, { hash: "#token=new" });
        session.readLink();
      },
    ],
    ["another token is pasted", (session: Session) => session.signIn("new")],
    ["the person signs out", (session: Session) => session.signOut()],
    ["the token is refused", (session: Session) => session.refuse("old")],
  ])("is forgotten when %s", (_what, change) => {
    const { place } = browser("", "old");
    const session = new Session(place);
    rememberAccount(place.storage, "anna");
    change(session, place);
    expect(rememberedAccount(place.storage)).toBeNull();
  });
});
