import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RunCollector } from '../ranges/run-list.ts'
import { UnitCounter, type Fate } from './give-back.ts'

const piece = fc.record({
  gap: fc.nat(40),
  length: fc.integer({ min: 1, max: 90 }),
  fate: fc.constantFrom<Fate[]>('kept', 'free', 'zeros'),
})

test('whole units are given back, as a count byte by byte says', () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 30 }),
      fc.integer({ min: 1, max: 32 }),
      fc.nat(20),
      (pieces, unit, rest) => {
        const bytes: (Fate | null)[] = []
        for (const { gap, length, fate } of pieces)
          bytes.push(...Array.from({ length: gap }, () => null), ...Array.from({ length }, () => fate))
        const end = bytes.length + rest
        const given = new RunCollector()
        const counter = new UnitCounter(unit, end, given)
        let at = 0
        for (const { gap, length, fate } of pieces) {
          counter.add(at + gap, length, fate)
          at += gap + length
        }
        const naive = { free: 0, zeros: 0, kept: 0 }
        const runs = new RunCollector()
        for (let start = 0; start < end; start += unit) {
          const inside = bytes.slice(start, start + unit)
          if (inside.includes('kept')) naive.kept += Math.min(unit, end - start)
          else {
            for (const one of inside) if (one !== null) naive[one] += 1
            if (inside.some((one) => one !== null && one !== undefined))
              runs.add({ start, end: Math.min(start + unit, end) })
          }
        }
        expect(counter.result()).toEqual(naive)
        expect([...given.list()]).toEqual([...runs.list()])
      },
    ),
  )
})
