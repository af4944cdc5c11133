import fc from 'fast-check'
import { expect, test } from 'vitest'
import { collectAll, collectEnds } from './collect-output.ts'

const pieces = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 20 })

test('what fits is kept whole', () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const whole = Buffer.concat(parts)
      for (const collected of [collectAll(1000), collectEnds(1300)]) {
        for (const part of parts) collected.add(part)
        expect(Buffer.from(collected.bytes())).toEqual(whole)
        expect(collected.isOver).toBe(false)
      }
    }),
  )
})

test('of more the ends are kept', () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const whole = Buffer.concat(parts)
      fc.pre(whole.length > 20)
      const collected = collectEnds(20)
      for (const part of parts) collected.add(part)
      expect(collected.isOver).toBe(true)
      const kept = Buffer.from(collected.bytes())
      expect(kept.subarray(0, 10)).toEqual(whole.subarray(0, 10))
      expect(kept.subarray(-10)).toEqual(whole.subarray(-10))
      expect(kept.length).toBe(20 + Buffer.byteLength('\n…\n'))
    }),
  )
})
