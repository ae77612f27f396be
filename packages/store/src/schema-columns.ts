/** How columns are read and written, see `schema.ts`. */
import type { ColumnType, JSONColumnType } from "kysely";

/** Selected as a number of milliseconds, written as a Date. */
export type Time = ColumnType<number, Date, Date>;
export type NullableTime = ColumnType<number | null, Date | null | undefined, Date | null>;
export type Json<T> = JSONColumnType<T & object>;
export type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
