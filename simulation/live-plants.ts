/** Planted faults of calls and of words that clients bring; see `plants.ts`. */
import { type Plant, spoil, worse } from "./plants.ts";
import { type Climate, FAULT_KINDS } from "./weather.ts";

const NO_FAULTS = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Climate["perMinute"];
const CALLS = { calls: 1, phones: 0 };
const OWN_WORDS = { plain: 1, calls: 0, ownWords: 1, phones: 0 };

export const LIVE_PLANTS: readonly Plant[] = [
  {
    name: "both voices of a call are the owner's",
    found: /has the voice/,
    climate: worse({}, CALLS),
    rewrite: spoil(
      /^insert into "segments"/,
      /values \((\$\d+, \$\d+, \$\d+, \$\d+, \$\d+, \$\d+), (\$\d+)/,
      `values ($1, jsonb_set($2::jsonb, '{is_user}', 'true')`,
    ),
  },
  {
    name: "nobody remembers how far each channel of a call has got",
    found: /stored twice/,
    climate: worse({ roam: 20, kill_speech: 6 }, CALLS),
    rewrite: spoil(
      /^update "recording_sessions" set "transcribed_messages"/,
      /"channel_marks" = (\$\d+)/,
      `"channel_marks" = nullif($1::jsonb, $1::jsonb)`,
    ),
  },
  {
    name: "a call is over as soon as its client is gone",
    found: /the call of device \d+ is divided/,
    climate: worse({ roam: 20, cut: 20 }, { ...CALLS, plain: 0, stormMs: 40_000 }),
    rewrite: spoil(
      /^\s*select c\.user_id, c\.id from conversations c/,
      /c\.finished_at \+ c\.silence_timeout_ms \* interval '1 millisecond'/,
      "c.finished_at",
    ),
  },
  {
    name: "words of one channel that come late are all put at the beginning",
    found: /take \d+ ms/,
    climate: worse({}, CALLS),
    rewrite: spoil(
      /^insert into "segments"/,
      /values \((\$\d+, \$\d+, \$\d+), (\$\d+), (\$\d+),/,
      "values ($1, $2::float8, case when $2::float8 < 0.5 then $2::float8 else $3::float8 end,",
    ),
  },
  {
    name: "a call goes on although it was hung up",
    found: /was hung up and is in progress/,
    climate: worse({}, { ...CALLS, plain: 0, perMinute: NO_FAULTS }),
    missesGoodbyes: true,
  },
  {
    name: "sound is repaired whose words its client brings",
    found: /repairs sound whose words its client brings/,
    climate: worse({ cut: 20 }, OWN_WORDS),
    rewrite: spoil(/^select "epoch", "transcribed_messages"/, /"words_by_client"/, `false as "words_by_client"`),
  },
  {
    name: "words of a recogniser that nobody knows are left out",
    found: /was brought and is lost/,
    climate: worse({}, OWN_WORDS),
    rewrite: spoil(
      /^insert into "segments"/,
      /values \((\$\d+, \$\d+, \$\d+, \$\d+, \$\d+), (\$\d+), (\$\d+)/,
      "values ($1, case when $3::jsonb ->> 'stt_provider' = 'own' then '' else $2 end, $3",
    ),
  },
];
