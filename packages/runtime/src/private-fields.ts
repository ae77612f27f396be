/**
 * Keeps personal values out of the log (DESIGN section 8). A key with a `pii` segment (`pii`, `pii_email`, `titlePii`,
 * `user.pii.name`) is dropped with everything under it. Errors become plain objects, so that what hangs on them is
 * filtered too. Nesting deeper than MAX_DEPTH is cut off instead of copied: what was not looked at is not written.
 */
const MAX_DEPTH = 4;

type Plain = Record<string, unknown>;

/** A copy of `fields` that is safe to write. Never throws on cycles or strange values. */
export function withoutPrivateFields(fields: object): Plain {
  return copyObject(fields, 1);
}

function copyObject(source: object, depth: number): Plain {
  const copy: Plain = {};
  for (const [key, value] of Object.entries(source)) {
    if (!isPrivateKey(key)) copy[key] = copyValue(value, depth);
  }
  return copy;
}

function copyValue(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return "[nested]";
  if (value instanceof Error) {
    const own = copyObject(value, depth + 1);
    const cause = value.cause === undefined ? {} : { cause: copyValue(value.cause, depth + 1) };
    return { type: value.name, message: value.message, ...own, ...cause, stack: value.stack };
  }
  if (Array.isArray(value)) return value.map((item) => copyValue(item, depth + 1));
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Date || value instanceof URL) return String(value);
  return copyObject(value, depth + 1);
}

function isPrivateKey(key: string): boolean {
  return key
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .split(/[^A-Za-z0-9]+/)
    .some((segment) => segment.toLowerCase() === "pii");
}
