/**
 * The category by the words that name it, and the emoji of each category. Distinct words count, not repetitions, so that one
 * word said often decides nothing; a near tie with nothing else to go by is `other`.
 */
import { informativeWords } from "./words.ts";

const LEXICON: Readonly<Record<string, string>> = {
  work: "meeting team project deadline manager client report presentation colleague office schedule task review roadmap standup sprint agenda quarter milestone stakeholder onboarding coworker boss",
  business:
    "customer market sales revenue company product launch strategy partner contract pricing competitor supplier invoice brand profit negotiation growth retail",
  technology:
    "software code server computer app database api bug deploy release programming algorithm website phone internet laptop engineer hardware data model cloud network browser robot battery",
  finance:
    "money bank budget tax loan mortgage invest investment stock interest account payment salary credit debt savings fund insurance pension rent",
  health:
    "doctor hospital medicine pain sleep diet exercise symptom appointment dentist therapy headache prescription blood allergy vitamin weight clinic nurse surgery workout fever medication",
  education:
    "school teacher student class exam homework university course lecture lesson study college degree professor textbook grade learn learning tutor semester",
  family:
    "mother father mom mum dad sister brother grandma grandmother grandfather grandpa uncle aunt cousin family wife husband son daughter parents",
  parenting:
    "baby toddler kid child children diaper bedtime daycare kindergarten nursery nap parenting playground stroller",
  travel:
    "flight airport hotel trip vacation holiday passport luggage train travel visa booking beach tourist itinerary ticket suitcase abroad",
  sports:
    "game match team score goal coach player football soccer basketball tennis training league championship tournament race marathon baseball cricket swim",
  music:
    "song album band concert guitar piano singer melody lyric rhythm drum musician playlist orchestra violin chord tune",
  entertainment:
    "movie film series show actor episode netflix theater theatre cinema comedy video game character director trailer streaming",
  politics:
    "government president election vote policy minister parliament congress senate law democracy party citizen campaign country nation freedom liberty americans republic",
  history:
    "war century empire ancient king queen revolution historical medieval dynasty soldier battle civil civilization colony",
  science:
    "experiment research theory physics chemistry biology scientist molecule atom energy laboratory hypothesis planet gene evolution cell telescope universe quantum",
  legal:
    "lawyer court contract lawsuit judge attorney legal clause liability trial verdict testimony evidence settlement witness",
  news: "news headline journalist breaking reporter newspaper broadcast press correspondent",
  weather: "weather rain snow storm temperature forecast sunny cloudy wind degrees thunder hurricane humid",
  environment:
    "climate pollution recycling carbon emission forest wildlife renewable solar ecosystem sustainability plastic ocean conservation species",
  economics: "inflation economy unemployment gdp tariff recession trade supply demand monetary fiscal",
  psychology:
    "anxiety emotion stress depression therapist mindset behavior behaviour trauma habit feeling confidence psychology mental",
  philosophy:
    "philosophy meaning existence ethics moral truth consciousness virtue logic metaphysics wisdom reason soul",
  spiritual: "god prayer church faith meditation spirit bible temple blessing sacred worship holy lord heaven mosque",
  romantic: "love date girlfriend boyfriend marriage wedding kiss romantic relationship anniversary valentine engaged",
  social:
    "party friend birthday dinner invite neighbor neighbour gathering barbecue drinks guest celebrate weekend pub bar",
  literature:
    "book novel poem author chapter poetry writer reader fiction publisher story literature character plot essay",
  architecture:
    "building facade architect floor blueprint construction brick concrete roof skyscraper renovation structure",
  design: "design logo color colour font layout interface sketch prototype illustration typography mockup",
  real: "apartment house landlord property estate lease tenant realtor bedroom kitchen garden garage",
  entrepreneurship:
    "startup founder investor pitch funding venture entrepreneur seed valuation bootstrapped accelerator",
  inspiration: "dream inspire motivation courage believe hope achieve overcome passion gratitude",
  personal: "grocery groceries shopping laundry cook cooking clean home car diary myself errand dog cat milk bread key",
};

const EMOJI: Readonly<Record<string, string>> = {
  work: "💼",
  business: "📈",
  technology: "💻",
  finance: "💰",
  health: "🩺",
  education: "🎓",
  family: "👪",
  parenting: "🧸",
  travel: "✈️",
  sports: "🏅",
  music: "🎵",
  entertainment: "🎬",
  politics: "🏛️",
  history: "📜",
  science: "🔬",
  legal: "⚖️",
  news: "📰",
  weather: "⛅",
  environment: "🌱",
  economics: "📊",
  psychology: "🧩",
  philosophy: "🤔",
  spiritual: "🙏",
  romantic: "❤️",
  social: "🎉",
  literature: "📚",
  architecture: "🏗️",
  design: "🎨",
  real: "🏠",
  entrepreneurship: "🚀",
  inspiration: "✨",
  personal: "📝",
  other: "🧠",
};

const CATEGORIES_OF_WORD: ReadonlyMap<string, readonly string[]> = (() => {
  const map = new Map<string, string[]>();
  for (const [category, words] of Object.entries(LEXICON)) {
    for (const word of new Set(informativeWords(words))) {
      const known = map.get(word);
      if (known === undefined) map.set(word, [category]);
      else known.push(category);
    }
  }
  return map;
})();

/** Below this many informative words, one telling word is enough; above, two distinct ones are needed. */
const SHORT_WORDS = 40;

export function categoryOf(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  let total = 0;
  for (const text of texts) {
    for (const word of informativeWords(text)) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
      total += 1;
    }
  }
  const scores = new Map<string, { score: number; distinct: number }>();
  for (const [word, count] of counts) {
    const categories = CATEGORIES_OF_WORD.get(word) ?? [];
    for (const category of categories) {
      const known = scores.get(category) ?? { score: 0, distinct: 0 };
      const score = known.score + (1 + Math.log2(count) / 2) / categories.length;
      scores.set(category, { score, distinct: known.distinct + 1 });
    }
  }
  const needed = total < SHORT_WORDS ? 1 : 2;
  let best = { category: "other", score: 0 };
  for (const category of Object.keys(LEXICON)) {
    const found = scores.get(category);
    if (found !== undefined && found.distinct >= needed && found.score > best.score) {
      best = { category, score: found.score };
    }
  }
  return best.category;
}

export function emojiOf(category: string): string {
  return EMOJI[category] ?? "🧠";
}
