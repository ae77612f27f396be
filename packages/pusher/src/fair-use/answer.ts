/**
 * What the model answered, made into an opinion or into nothing. Strict where a summary's answer is mended: a number out of its
 * range, a kind that is not on the list or a word where a number belongs means that the answer is not understood, and what is
 * not understood restricts nobody. Unknown signs are dropped; a missing confidence is none.
 */
import { OPINION_TYPES, type Opinion, WORD_SIGNS, type WordSign } from "@holdfast/core";
import { z } from "zod";
import { extractObject } from "../summary/llm/answer.ts";

/** 0 to 1, as a number or as its text. */
const Share = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\s*[01]?(?:\.\d+)?\s*$/u)
      .transform((text) => (text.trim() === "" ? Number.NaN : Number(text))),
  ])
  .pipe(z.number().min(0).max(1));

const isSign = (value: unknown): value is WordSign => typeof value === "string" && Object.hasOwn(WORD_SIGNS, value);

const Answer = z.object({
  score: Share,
  type: z.string().trim().toLowerCase().pipe(z.enum(OPINION_TYPES)),
  confidence: Share.optional().default(0),
  signs: z.array(z.unknown()).optional().default([]),
});

/** Undefined where the text holds no opinion that can be understood. */
export function parseOpinion(text: string): Opinion | undefined {
  const parsed = Answer.safeParse(extractObject(text));
  if (!parsed.success) return undefined;
  return { ...parsed.data, signs: [...new Set(parsed.data.signs.filter(isSign))] };
}
