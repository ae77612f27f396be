/**
 * A picture for what a conversation was about, by its category. Drawn, not the emoji of the conversation: emoji look different
 * everywhere and are empty boxes where the system has no font for them.
 */
import {
  type Icon,
  IconBriefcase,
  IconBuildingBank,
  IconCloud,
  IconCpu,
  IconFlask,
  IconHeart,
  IconHeartbeat,
  IconHome,
  IconMessageCircle,
  IconMusic,
  IconNews,
  IconPalette,
  IconPlane,
  IconSchool,
  IconSparkles,
  IconUser,
  IconUsers,
} from "@tabler/icons-react";
import type { JSX } from "react";

const ICONS: Readonly<Record<string, Icon>> = {
  personal: IconUser,
  education: IconSchool,
  literature: IconSchool,
  history: IconSchool,
  philosophy: IconSparkles,
  spiritual: IconSparkles,
  inspiration: IconSparkles,
  psychology: IconSparkles,
  health: IconHeartbeat,
  finance: IconBuildingBank,
  legal: IconBuildingBank,
  politics: IconBuildingBank,
  economics: IconBuildingBank,
  science: IconFlask,
  technology: IconCpu,
  entrepreneurship: IconBriefcase,
  business: IconBriefcase,
  work: IconBriefcase,
  social: IconUsers,
  family: IconUsers,
  parenting: IconUsers,
  romantic: IconHeart,
  travel: IconPlane,
  music: IconMusic,
  entertainment: IconMusic,
  architecture: IconHome,
  design: IconPalette,
  weather: IconCloud,
  environment: IconCloud,
  news: IconNews,
};

export function CategoryIcon({ category }: { readonly category: string }): JSX.Element {
  const Shown = ICONS[category] ?? IconMessageCircle;
  return <Shown size={22} stroke={1.6} aria-hidden />;
}
