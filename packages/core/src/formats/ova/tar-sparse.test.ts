import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memorySource } from '../../binary/byte-source.ts'
import { isDiskError } from '../../problems/disk-error.ts'
import { readTarMembers, tarMemberSource } from './tar.ts'
import { buildTar } from './testing/build-tar.ts'

const text = (value: string) => new TextEncoder().encode(value)

/** Puts the right checksum over a changed header. */
function resum(header: Uint8Array): void {
  header.fill(0x20, 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.set(text(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
}

/** A member of type `S` with that map, of `stored` bytes. */
function sparse(numbers: readonly string[], realSize: string, stored = 8): Uint8Array<ArrayBuffer> {
  return buildTar([['disk', new Uint8Array(stored).fill(7)]], (header) => {
    header[156] = 'S'.charCodeAt(0)
    for (const [index, number] of numbers.entries()) header.set(text(number), 386 + index * 12)
    header.set(text(realSize), 483)
    resum(header)
  })
}

const octal = (value: number) => `${value.toString(8).padStart(11, '0')}\0`

describe('a sparse member of GNU tar', () => {
  test('its pieces stand where its map says, zeros between', async () => {
    const source = memorySource(sparse([octal(4), octal(3), octal(20), octal(5)], octal(30)))
    const [member] = await readTarMembers(source)
    if (!member) throw new Error('no member')
    const content = tarMemberSource(source, member, 'disk')
    const bytes = new Uint8Array(content.size)
    await content.readInto(bytes, 0)
    expect([...bytes].map((byte) => (byte === 7 ? 'x' : '.')).join('')).toBe('....xxx.............xxxxx.....')
    const extents: string[] = []
    for await (const { start, length, content: kind } of content.extents({ start: 5, end: 22 }))
      extents.push(`${kind} ${start}+${length}`)
    expect(extents).toEqual(['data 5+2', 'zero 7+13', 'data 20+2'])
  })

  test.each([
    ['pieces that overlap', [octal(4), octal(3), octal(5), octal(5)], octal(30)],
    ['a piece beyond the end', [octal(28), octal(8)], octal(30)],
    ['more than is stored', [octal(0), octal(30)], octal(30)],
    ['a size of letters', [octal(0), octal(3)], 'zzzz'],
  ])('%s is corrupt', async (_, numbers, realSize) => {
    const members = readTarMembers(memorySource(sparse(numbers, realSize)))
    await expect(members).rejects.toMatchObject({ code: 'corrupt' })
  })
})

test('hostile headers end in coded errors', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 100, max: 511 }), fc.nat(255)), { maxLength: 12 }),
      fc.constantFrom('S', 'x', 'L', '0'),
      fc.constantFrom('30 GNU.sparse.realsize=99999999\n', '22 GNU.sparse.map=0,1\n', '5\n0\n9\n'),
      async (changes, type, content) => {
        const image = buildTar(
          [
            ['first', content],
            ['second', 'some bytes'],
          ],
          (header, name) => {
            if (name === 'first') {
              for (const [at, value] of changes) header[at] = value
              header[156] = type.charCodeAt(0)
            }
            resum(header)
          },
        )
        const source = memorySource(image)
        try {
          for (const member of await readTarMembers(source)) {
            const opened = tarMemberSource(source, member, member.name)
            await opened.readInto(new Uint8Array(Math.min(64, opened.size)), 0)
          }
        } catch (error) {
          expect(isDiskError(error)).toBe(true)
        }
      },
    ),
    { numRuns: 400 },
  )
})
