/** Offline speech joins below 120 s and splits at 120 s, and what belongs together depends on nothing but time. */
import { type CaptureSpan, chainStretches } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const GAP = 120_000;
const at = (startS: number, endS: number) => ({ startMs: startS * 1000, endMs: endS * 1000 });
const span = (id: string, startS: number, endS: number): CaptureSpan => ({ id, ...at(startS, endS) });

describe("chainStretches", () => {
  it("joins at 119 s and splits at 120 s", () => {
    expect(chainStretches([], [at(0, 10), at(129, 140)], GAP)).toEqual([
      { members: [], stretches: [at(0, 10), at(129, 140)], span: at(0, 140) },
    ]);
    expect(chainStretches([], [at(0, 10), at(130, 140)], GAP)).toHaveLength(2);
    expect(chainStretches([span("k", 0, 10)], [at(129.999, 140)], GAP)[0]?.members).toHaveLength(1);
    expect(chainStretches([span("k", 0, 10)], [at(130, 140)], GAP)[0]?.members).toEqual([]);
  });

  it("continues a known conversation, before and behind it", () => {
    expect(chainStretches([span("k", 100, 200)], [at(50, 60)], GAP)).toEqual([
      { members: [span("k", 100, 200)], stretches: [at(50, 60)], span: at(50, 200) },
    ]);
  });

  it("makes one of two that a stretch connects; the first one stays", () => {
    const known = [span("b", 200, 210), span("a", 0, 100)];
    expect(chainStretches(known, [at(150, 160)], GAP)).toEqual([
      { members: [span("a", 0, 100), span("b", 200, 210)], stretches: [at(150, 160)], span: at(0, 210) },
    ]);
    const twins = [span("y", 0, 10), span("x", 0, 5)];
    expect(chainStretches(twins, [at(20, 30)], GAP)[0]?.members.map(({ id }) => id)).toEqual(["x", "y"]);
  });

  it("chains: what it joins brings what that reaches", () => {
    const known = [span("a", 0, 10), span("b", 100, 110), span("c", 200, 210), span("far", 900, 910)];
    expect(chainStretches(known, [at(300, 310)], GAP)[0]?.members.map(({ id }) => id)).toEqual(["a", "b", "c"]);
  });

  it("leaves out what no stretch reaches", () => {
    expect(chainStretches([span("a", 0, 10), span("b", 50, 60)], [at(900, 910)], GAP)).toMatchObject([{ members: [] }]);
    expect(chainStretches([span("a", 0, 10)], [], GAP)).toEqual([]);
    expect(chainStretches([], [], GAP, span("home", 0, 10))).toEqual([]);
  });

  it("puts everything into the home it is given, with whatever lies between", () => {
    const home = span("home", 1_000, 1_100);
    const known = [home, span("between", 500, 600), span("first", 0, 10), span("beyond", 2_000, 2_010)];
    const [chain, ...others] = chainStretches(known, [at(100, 110), at(4_000, 4_010)], GAP, home);
    expect(others).toEqual([]);
    expect(chain?.members.map(({ id }) => id)).toEqual(["home", "first", "between", "beyond"]);
    expect(chain).toMatchObject({ stretches: [at(100, 110), at(4_000, 4_010)], span: at(0, 4_010) });
  });

  const stretch = fc
    .tuple(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 1, max: 60 }))
    .map(([start, length]) => at(start, start + length));
  const stretches = fc.uniqueArray(stretch, { minLength: 1, maxLength: 25, selector: ({ startMs }) => startMs });

  /** What belongs together, without names. */
  const partition = (groups: readonly { readonly stretches: readonly { readonly startMs: number }[] }[]) =>
    groups
      .map((group) => group.stretches.map(({ startMs }) => startMs).sort((a, b) => a - b))
      .sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));

  /** Arrival piece by piece: what was connected before is known by its span and its name. */
  const arrive = (pieces: readonly (readonly ReturnType<typeof at>[])[]) => {
    const rows = new Map<string, { span: CaptureSpan; stretches: ReturnType<typeof at>[] }>();
    for (const [n, piece] of pieces.entries()) {
      const known = [...rows.values()].map((row) => row.span);
      for (const [m, chain] of chainStretches(known, piece, GAP).entries()) {
        const id = chain.members[0]?.id ?? `${n}-${m}`;
        const before = chain.members.flatMap((member) => rows.get(member.id)?.stretches ?? []);
        for (const member of chain.members) rows.delete(member.id);
        rows.set(id, { span: { id, ...chain.span }, stretches: [...before, ...chain.stretches] });
      }
    }
    return [...rows.values()];
  };

  it("gives the same partition in any order and any batching of the same stretches", () => {
    fc.assert(
      fc.property(stretches, fc.infiniteStream(fc.nat()), (list, noise) => {
        const next = (below: number): number => (noise.next().value ?? 0) % below;
        const shuffled = [...list];
        for (let i = shuffled.length - 1; i > 0; i -= 1) {
          const j = next(i + 1);
          [shuffled[i], shuffled[j]] = [shuffled[j] ?? at(0, 0), shuffled[i] ?? at(0, 0)];
        }
        const pieces: ReturnType<typeof at>[][] = [];
        while (shuffled.length > 0) pieces.push(shuffled.splice(0, 1 + next(4)));
        const whole = chainStretches([], list, GAP);
        const rows = arrive(pieces);
        expect(partition(rows)).toEqual(partition(whole));
        expect(rows.map((row) => row.span.startMs).sort()).toEqual(whole.map((chain) => chain.span.startMs).sort());
      }),
    );
  });

  it("gives every stretch one home, and leaves at least the gap between two", () => {
    fc.assert(
      fc.property(stretches, (list) => {
        const chains = chainStretches([], list, GAP);
        expect(chains.flatMap((chain) => chain.stretches)).toHaveLength(list.length);
        for (const [index, chain] of chains.entries()) {
          const next = chains[index + 1];
          if (next !== undefined) expect(next.span.startMs - chain.span.endMs).toBeGreaterThanOrEqual(GAP);
        }
      }),
    );
  });
});
