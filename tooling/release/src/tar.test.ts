import { expect, test } from 'vitest'
import { writeTar } from './tar.ts'
import { foldersOf, sortTree, textFile, type TreeEntry } from './tree.ts'

async function packed(tree: readonly TreeEntry[], seconds = 1_700_000_000): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of writeTar(tree, { seconds, prefix: 'p/' })) parts.push(part)
  return Buffer.concat(parts)
}

const tree: readonly TreeEntry[] = [
  textFile('b/run', 'x'.repeat(600), 0o755),
  textFile('a', 'hello'),
  { kind: 'link', path: 'b/a', to: 'run' },
]

test('an archive has fixed owners, times and modes, and is the same in any order', async () => {
  const bytes = await packed(tree)
  expect(bytes.length % 10_240).toBe(0)
  expect(bytes).toEqual(await packed(tree.toReversed()))
  expect(bytes.equals(await packed(tree, 1))).toBe(false)
  const head = bytes.subarray(512, 1024)
  expect(head.toString('latin1', 0, 3)).toBe('p/a')
  expect(head.toString('latin1', 100, 136)).toBe('0000644\x000000000\x000000000\x0000000000005\0')
  expect(head.toString('latin1', 136, 148)).toBe('14524770400\0')
  expect(head.toString('latin1', 257, 265)).toBe('ustar\x0000')
  const sum = head.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  expect(Number.parseInt(head.toString('latin1', 148, 154), 8)).toBe(sum)
})

test('a long path is parted at a slash, and one that cannot be is refused', async () => {
  const folder = 'd'.repeat(90)
  const bytes = await packed([textFile(`${folder}/${'f'.repeat(80)}`, '')])
  const head = bytes.subarray(512, 1024)
  expect(head.toString('latin1', 345, 345 + 92)).toBe(`p/${folder}`)
  expect(head.toString('latin1', 0, 81)).toBe(`${'f'.repeat(80)}\0`)
  await expect(packed([textFile('f'.repeat(101), '')])).rejects.toThrow('too long')
  await expect(packed([{ kind: 'link', path: 'a', to: 'f'.repeat(101) }])).rejects.toThrow('too long')
})

test('folders come before what is in them, and no path is packed twice', () => {
  expect(foldersOf([textFile('a/b/c', ''), textFile('a/d', '')])).toEqual(['a', 'a/b'])
  expect(() => sortTree([textFile('a', '1'), textFile('a', '2')])).toThrow('a is packed twice')
})
