/**
 * Pieces of query strings and bodies, as lenient as the servers that clients know: booleans in many spellings, times with or
 * without a zone. Text with a NUL never gets further, since PostgreSQL cannot hold one.
 */
import { z } from "zod";

/** Text of at most `max` characters without NUL. */
export function text(max: number): z.ZodString {
  return z
    .string()
    .max(max)
    .regex(/^[^\0]*$/u, "must not hold NUL");
}

export function integer(fallback: number, min: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(min))
    .optional()
    .transform((value) => value ?? fallback);
}

const TRUE = /^(true|1|yes|on|t|y)$/i;
const FALSE = /^(false|0|no|off|f|n)$/i;

export const flag = z
  .string()
  .refine((value) => TRUE.test(value) || FALSE.test(value), "must be true or false")
  .transform((value) => TRUE.test(value));

/** A time in ISO 8601; without a zone it is UTC. Gives Unix milliseconds, or undefined where it cannot be read. */
export function parseTime(value: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}([T ][\d:.]+([Zz]|[+-]\d{2}:?\d{2})?)?$/.test(value)) return undefined;
  const hasZone = /([Zz]|[+-]\d{2}:?\d{2})$/.test(value.slice(10));
  const ms = Date.parse(value.length > 10 && !hasZone ? `${value}Z` : value);
  return Number.isNaN(ms) ? undefined : ms;
}

export const time = z
  .string()
  .max(64)
  .refine((value) => parseTime(value) !== undefined, "must be a time in ISO 8601")
  .transform((value) => parseTime(value) ?? 0);

/** Values separated by commas; empty ones are dropped. */
export const commaSeparated = text(1_000)
  .optional()
  .transform((value) => (value ?? "").split(",").map((item) => item.trim()))
  .transform((items) => items.filter((item) => item !== ""));

/** Ids in paths are only looked up; a strange one is simply unknown. */
export const IdParams = z.object({ id: z.string() });
