/** The tables of fair use, see `schema.ts`. */
import type { Generated } from "kysely";
import type { Json, NullableTime, Time } from "./schema-columns.ts";

export interface FairUseSpeechTable {
  user_id: string;
  source: string;
  /** What was recorded: a channel of a recording session, a run of a repair, a file. */
  origin: string;
  /** Begin of the minute of capture. */
  minute: Time;
  speech_ms: number;
  /** Up to where in the origin this minute is counted; what lies before is a repeat. */
  position: number;
}

export interface FairUseUsersTable {
  user_id: string;
  stage: Generated<string>;
  warning_until: NullableTime;
  throttle_until: NullableTime;
  restrict_until: NullableTime;
  restrict_reason: string | null;
  last_violation_at: NullableTime;
  last_classifier_score: number | null;
  last_classifier_type: string | null;
  last_case_ref: string | null;
  /** The classifier does not run before; short while it runs. */
  classify_after: NullableTime;
  reset_by: string | null;
  reset_at: NullableTime;
  updated_at: Time;
}

export interface FairUseEventsTable {
  user_id: string;
  id: string;
  case_ref: string;
  session_id: string | null;
  trigger: string;
  window_speech_ms: Json<Record<string, number>>;
  thresholds_ms: Json<Record<string, number>>;
  classifier: Json<Record<string, unknown>>;
  violation: boolean;
  enforcement_action: string;
  previous_stage: string;
  new_stage: string;
  created_at: Time;
  resolved_at: NullableTime;
  resolved_by: string | null;
  admin_notes: string | null;
}

export interface FairUseBudgetsTable {
  user_id: string;
  /** Begin of the UTC day. */
  day: Time;
  used_ms: number;
}
