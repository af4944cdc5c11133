import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { root } from '@varve/bundle/programs'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { assertNativeCode, nativeCodeOf } from './native-code.ts'
import { findTarget, targets } from './targets.ts'

const sqlite = dirname(
  createRequire(join(root, 'packages/controller/package.json')).resolve('better-sqlite3/package.json'),
)

test.each(targets.map((target) => [target.name, target] as const))(
  'better-sqlite3 has native code for %s, and that of no other is taken for it',
  async (_, target) => {
    await assertNativeCode(target, join(sqlite, target.sqlite))
    const others = targets.filter(({ name }) => name !== target.name)
    for (const other of others)
      await expect(assertNativeCode(other, join(sqlite, target.sqlite))).rejects.toThrow(
        `is to be for ${other.name}, and is for ${target.system} on ${target.cpu}.`,
      )
  },
)

test('code for several processors is for each of them', () => {
  const fat = new DataView(new ArrayBuffer(64))
  fat.setUint32(0, 0xcafe_babe)
  fat.setUint32(4, 2)
  fat.setUint32(8, 0x100_0007)
  fat.setUint32(28, 0x100_000c)
  expect(nativeCodeOf(new Uint8Array(fat.buffer))).toEqual([
    { system: 'darwin', cpu: 'x64' },
    { system: 'darwin', cpu: 'arm64' },
  ])
  fat.setUint32(4, 0xffff_ffff)
  expect(nativeCodeOf(new Uint8Array(fat.buffer))).toHaveLength(2)
})

test.each([
  ['nothing', ''],
  ['a page of a registry', `<html>${'x'.repeat(100)}`],
  ['a program of DOS', `MZ${'\0'.repeat(58)}\u007f\u007f\0\0`],
])('%s is no native code', async (_, text) => {
  await using place = await tempPlace()
  await writeFile(place.file('a.node'), text)
  await expect(assertNativeCode(findTarget('darwin-arm64'), place.file('a.node'))).rejects.toThrow(
    'is for nothing that is known',
  )
})
