/**
 * What the microphone hears, as a strip of the last seconds. It reads the recorder's level once per drawn picture, past
 * React. Where motion is unwelcome it is one bar that only changes its length. If nothing is heard for a while it says so.
 */
import { Text } from "@mantine/core";
import { useReducedMotion } from "@mantine/hooks";
import { type JSX, useEffect, useRef, useState } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import classes from "./level-meter.module.css";

const BARS = 56;
const BAR_INTERVAL_MS = 70;
const QUIET_LEVEL = 0.0008;
const QUIET_AFTER_MS = 5_000;

export function LevelMeter(): JSX.Element {
  const { recorder } = useServices();
  const { t } = useWords();
  const reduced = useReducedMotion();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [isQuiet, setQuiet] = useState(false);

  useEffect(() => {
    const bars: number[] = Array.from({ length: BARS }, () => 0);
    let peak = 0;
    let lastBarAt = performance.now();
    let lastHeardAt = lastBarAt;
    let request = 0;
    const draw = (now: number): void => {
      peak = Math.max(peak, recorder.level);
      if (recorder.level > QUIET_LEVEL) lastHeardAt = now;
      if (now - lastBarAt >= BAR_INTERVAL_MS) {
        bars.push(shownLevel(peak));
        bars.shift();
        peak = 0;
        lastBarAt = now;
        setQuiet(now - lastHeardAt > QUIET_AFTER_MS);
        if (canvas.current !== null) paint(canvas.current, bars, reduced);
      }
      request = requestAnimationFrame(draw);
    };
    request = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(request);
  }, [recorder, reduced]);

  return (
    <div className={classes.meter}>
      <canvas ref={canvas} className={classes.strip} aria-hidden />
      <Text size="sm" className={classes.hint} role="status">
        {isQuiet ? t("capture.quiet") : ""}
      </Text>
    </div>
  );
}

/** Speech spans about 50 dB; drawn on a logarithmic scale, as loudness is heard. */
function shownLevel(level: number): number {
  const decibels = 20 * Math.log10(Math.max(level, 1e-5));
  return Math.max(0, Math.min(1, (decibels + 56) / 48));
}

function paint(canvas: HTMLCanvasElement, bars: readonly number[], single: boolean): void {
  const scale = window.devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.fillStyle = getComputedStyle(canvas).color;
  if (single) {
    const level = bars.at(-1) ?? 0;
    context.fillRect(0, height / 2 - 3, Math.max(4, width * level), 6);
    return;
  }
  const pitch = width / bars.length;
  bars.forEach((level, i) => {
    const bar = Math.max(3, level * height);
    context.globalAlpha = 0.25 + 0.75 * (i / bars.length);
    context.beginPath();
    context.roundRect(i * pitch, (height - bar) / 2, Math.max(2, pitch * 0.52), bar, 2);
    context.fill();
  });
}
