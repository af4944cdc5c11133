import { expect, test } from 'vitest'
import { qrToPath } from './qr-to-path.ts'

test('a text is a square of cells with a margin of four', () => {
  const { size, path } = qrToPath('otpauth://totp/Varve:ada?secret=GEZDGNBVGY3TQOJQ&issuer=Varve')
  const cells = [...path.matchAll(/M(\d+) (\d+)h1v1h-1z/gu)].map(
    ([, x, y]) => [Number(x), Number(y)] as const,
  )
  expect((size - 8 - 17) % 4).toBe(0)
  const coordinates = cells.flat()
  expect(Math.min(...coordinates)).toBe(4)
  expect(Math.max(...coordinates)).toBe(size - 5)
  // The three marks in the corners that a scanner looks for: seven dark cells on their edge.
  const has = (x: number, y: number) => cells.some((cell) => cell[0] === x && cell[1] === y)
  for (const [x, y] of [
    [4, 4],
    [size - 11, 4],
    [4, size - 11],
  ] as const)
    for (let at = 0; at < 7; at += 1) expect(has(x + at, y) && has(x, y + at)).toBe(true)
})
