/**
 * Fair use. `fair_use_speech` is both the meter and the proof that nothing is counted twice: one row per origin and minute of
 * capture, with the position up to which it is counted. `fair_use_users` has a row for whoever was ever measured, and is the
 * lock that puts everything about one user in order. `fair_use_events` are the verdicts, each with a reference that the user
 * can name. `fair_use_budgets` is what a restricted user had transcribed on a UTC day.
 */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `create table fair_use_speech (
    user_id text not null,
    source text not null check (source in ('realtime', 'sync_fresh', 'sync_backfill')),
    origin text not null,
    minute timestamptz not null,
    speech_ms integer not null,
    position bigint not null,
    primary key (user_id, source, origin, minute)
  )`,
  `create index fair_use_speech_minute on fair_use_speech (user_id, minute)`,
  `create index fair_use_speech_expiry on fair_use_speech (minute)`,
  `create table fair_use_users (
    user_id text primary key,
    stage text not null default 'none' check (stage in ('none', 'warning', 'throttle', 'restrict')),
    warning_until timestamptz,
    throttle_until timestamptz,
    restrict_until timestamptz,
    restrict_reason text,
    last_violation_at timestamptz,
    last_classifier_score double precision,
    last_classifier_type text,
    last_case_ref text,
    classify_after timestamptz,
    reset_by text,
    reset_at timestamptz,
    updated_at timestamptz not null
  )`,
  `create index fair_use_users_flagged on fair_use_users (updated_at desc) where stage <> 'none'`,
  `create table fair_use_events (
    user_id text not null,
    id uuid not null,
    case_ref text not null,
    session_id text,
    trigger text not null,
    window_speech_ms jsonb not null,
    thresholds_ms jsonb not null,
    classifier jsonb not null,
    violation boolean not null,
    enforcement_action text not null,
    previous_stage text not null,
    new_stage text not null,
    created_at timestamptz not null,
    resolved_at timestamptz,
    resolved_by text,
    admin_notes text,
    primary key (user_id, id)
  )`,
  `create unique index fair_use_events_case on fair_use_events (case_ref)`,
  `create index fair_use_events_recent on fair_use_events (user_id, created_at desc)`,
  `create table fair_use_budgets (
    user_id text not null,
    day timestamptz not null,
    used_ms integer not null,
    primary key (user_id, day)
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
