/** Who introduces themself and who does not: sentences that must match, sentences that must not, and what holds for all. */
import { introducedName, nameKey } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const INTRODUCTIONS: readonly (readonly [string, string])[] = [
  ["My name is Anna.", "Anna"],
  ["my name is Anna and I work here", "Anna"],
  ["My name's Bob", "Bob"],
  ["Hi, my name is John Smith, nice to meet you.", "John Smith"],
  ["Hello everyone. My full name is Maria de la Cruz.", "Maria de la Cruz"],
  ["The name is Bond.", "Bond"],
  ["I'm Alice.", "Alice"],
  ["Hi, I'm Tom and I'm from Ohio.", "Tom"],
  ["Hey there, I’m Jean-Luc.", "Jean-Luc"],
  ["I am Charlie, your host.", "Charlie"],
  ["So, um, I'm Priya from accounting.", "Priya"],
  ["Good morning everyone, I'm Siobhán O'Brien.", "Siobhán O'Brien"],
  ["This is Karen speaking.", "Karen"],
  ["This is John calling from the bank.", "John"],
  ["Hi, this is Sarah from Acme.", "Sarah"],
  ["Hello. This is Mike.", "Mike"],
  ["You can call me Al.", "Al"],
  ["My friends call me Beth", "Beth"],
  ["Okay so my name is Ludwig van Beethoven and I write music.", "Ludwig van Beethoven"],
  ["My name is Anna How are you", "Anna"],
  ["Mein Name ist Jörg Müller.", "Jörg Müller"],
  ["Ich heiße Sabine und komme aus Köln.", "Sabine"],
  ["Guten Tag, hier spricht Frauke Ludwig.", "Frauke Ludwig"],
  ["Hallo, ich bin Anna.", "Anna"],
  ["Hallo zusammen, ich bin der Lukas.", "Lukas"],
  ["Je m'appelle Chloé Dupont.", "Chloé Dupont"],
  ["Bonjour, je suis Marc.", "Marc"],
  ["Mon nom est Élodie.", "Élodie"],
  ["Me llamo Lucía.", "Lucía"],
  ["Hola, soy Carlos.", "Carlos"],
  ["Mi nombre es José Martínez.", "José Martínez"],
  ["Eu me chamo João.", "João"],
  ["O meu nome é Inês.", "Inês"],
  ["Olá, eu sou a Beatriz.", "Beatriz"],
  ["Mi chiamo Giulia.", "Giulia"],
  ["Ciao, sono Marco.", "Marco"],
  ["Mijn naam is Pieter van den Berg.", "Pieter van den Berg"],
  ["Ik heet Sanne.", "Sanne"],
  ["Hoi, ik ben Daan.", "Daan"],
  ["Меня зовут Иван.", "Иван"],
  ["Здравствуйте, меня зовут Анна Петрова.", "Анна Петрова"],
  ["Мене звати Оксана.", "Оксана"],
  ["Nazywam się Agnieszka Kowalska.", "Agnieszka Kowalska"],
  ["Jag heter Åsa.", "Åsa"],
  ["Με λένε Γιώργο.", "Γιώργο"],
  ["Benim adım Ahmet.", "Ahmet"],
  ["我叫王小明。", "王小明"],
  ["大家好，我叫李娜，今年二十岁。", "李娜"],
  ["我的名字是陈伟。", "陈伟"],
  ["我叫 John。", "John"],
  ["私の名前は田中です。", "田中"],
  ["はじめまして、佐藤と申します。", "佐藤"],
  ["名前はスミスです。", "スミス"],
  ["제 이름은 김민수입니다.", "김민수"],
  ["저는 박지훈이라고 합니다.", "박지훈"],
  ["मेरा नाम राहुल है।", "राहुल"],
  ["मैं प्रिया बोल रही हूँ", "प्रिया"],
  ["اسمي أحمد", "أحمد"],
];

const NO_INTRODUCTIONS: readonly string[] = [
  "I'm fine.",
  "I'm Fine, thanks.",
  "I'm sorry about that.",
  "Sorry, I'm Sorry.",
  "I'm here.",
  "I'm Going to the store.",
  "I'm American.",
  "I am Catholic.",
  "I'm Monday through Friday in the office.",
  "I'm not John.",
  "I'm John's brother.",
  "My name is not important.",
  "My name is on the list.",
  "My name is On the list.",
  "What is my name?",
  "Is my name Anna?",
  "He said my name is Anna.",
  "She told me I'm John.",
  "If my name is Anna, then what?",
  "Imagine my name is Bob.",
  "Your name is Anna.",
  "His name is Peter.",
  "Her name is Anna and my name is on it.",
  "This is Paris.",
  "This is Peter, my brother.",
  "This is America.",
  "It's Tuesday.",
  "I AM THE BOSS",
  "MY NAME IS ANNA",
  "i'm anna",
  "my name is anna",
  "I'm Anna?",
  "I'm a doctor.",
  "I am Doctor.",
  "I think I'm Vegan now.",
  "Ich bin Lehrer.",
  "Hallo, ich bin Ingenieur.",
  "Ich bin müde.",
  "Ich heiße dich willkommen.",
  "Er sagte, mein Name ist Hase.",
  "Hier ist Milch.",
  "Je suis désolé.",
  "Je suis Français.",
  "Soy médico.",
  "Soy Mexicano.",
  "Sono stanco.",
  "Ik ben Nederlander.",
  "Ik ben moe.",
  "Sou brasileiro.",
  "Как меня зовут?",
  "Меня зовут не так.",
  "我叫他过来。",
  "我叫外卖。",
  "我叫救护车。",
  "我是学生。",
  "你叫什么名字？",
  "名前は何ですか。",
  "名前は秘密です。",
  "私は学生です。",
  "मेरा नाम क्या है?",
  "मैं ठीक हूँ।",
  "اسمي ليس مهما",
  "",
  "   ",
  "Hello.",
  "Anna.",
];

describe("an introduction", () => {
  it.each(INTRODUCTIONS)("%s", (sentence, name) => {
    expect(introducedName(sentence)).toBe(name);
  });

  it("is found behind other sentences, and the first one counts", () => {
    expect(introducedName("It is late. We should go. My name is Ada. I am Bob.")).toBe("Ada");
  });

  it("does not take a title alone for a name", () => {
    expect(introducedName("Good morning, I'm Dr. Evans.")).toBeUndefined();
  });
});

describe("no introduction", () => {
  it.each(NO_INTRODUCTIONS.map((sentence) => [sentence]))("%s", (sentence) => {
    expect(introducedName(sentence)).toBeUndefined();
  });
});

describe("whatever was said", () => {
  it("a name is a part of it, short, without punctuation at its ends", () => {
    const word = fc.constantFrom(
      "My",
      "name",
      "is",
      "I'm",
      "Anna",
      "fine",
      "Hi,",
      "this",
      "speaking",
      ".",
      "?",
      "von",
      "我叫王",
    );
    const said = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.array(word, { maxLength: 12 }).map((words) => words.join(" ")),
    );
    fc.assert(
      fc.property(said, (text) => {
        const name = introducedName(text);
        if (name === undefined) return;
        const heard = text.normalize("NFC").replace(/\s+/gu, " ");
        expect(heard).toContain(name);
        expect(name.length).toBeLessThanOrEqual(60);
        expect(name).toMatch(/^[\p{Lu}\p{Lo}].*[\p{L}\p{M}]$/u);
      }),
      { numRuns: 500 },
    );
  });

  it("a capitalised name behind a plain form is found whole, and lower case never is", () => {
    const letters = fc.string({ unit: fc.constantFrom(..."bcdfghklmnprstvz"), minLength: 4, maxLength: 9 });
    fc.assert(
      fc.property(
        letters,
        fc.constantFrom("My name is", "Ich heiße", "Me llamo", "Mi chiamo", "Ik heet"),
        (rest, lead) => {
          expect(introducedName(`${lead} Q${rest}.`)).toBe(`Q${rest}`);
          expect(introducedName(`${lead} q${rest}.`)).toBeUndefined();
        },
      ),
    );
  });

  it("takes no longer on a hostile text than on a plain one", () => {
    const hostile = [
      "my name is ".repeat(2_000),
      `My name is ${"A".repeat(50_000)}`,
      `My name is ${"Ab ".repeat(9_000)}`,
      "Hi ".repeat(20_000),
    ];
    const startedMs = performance.now();
    for (const text of hostile) introducedName(text);
    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});

describe("nameKey", () => {
  it("is the same for the same name however it is written", () => {
    expect(nameKey("  ANNA   Müller ")).toBe(nameKey("Anna Mu\u0308ller"));
    expect(nameKey("Anna")).not.toBe(nameKey("Ann"));
  });
});
