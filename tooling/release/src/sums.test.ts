import { readFile, stat, writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import {
  parseSums,
  signatureName,
  signWith,
  sumOf,
  sumsName,
  sumsText,
  verifyRelease,
  writeKeys,
} from './sums.ts'

async function signedFolder() {
  const keys = await tempPlace()
  const folder = await tempPlace()
  await writeKeys(keys.file('key'))
  await writeFile(folder.file('a.tar.gz'), 'an archive')
  const text = sumsText(new Map([['a.tar.gz', await sumOf(folder.file('a.tar.gz'))]]))
  await writeFile(folder.file(sumsName), text)
  await writeFile(folder.file(signatureName), await signWith(keys.file('key'), Buffer.from(text)))
  return {
    folder,
    keys,
    verify: async () => await verifyRelease(folder.path, keys.file('key.pub')),
    async [Symbol.asyncDispose]() {
      await keys[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

test('a signed folder is proven, and the key that signs is closed to others', async () => {
  await using signed = await signedFolder()
  expect(await signed.verify()).toEqual(['a.tar.gz'])
  expect((await stat(signed.keys.file('key'))).mode & 0o777).toBe(0o600)
  await expect(writeKeys(signed.keys.file('key'))).rejects.toThrow('never written over')
})

test('a changed, missing or foreign file, changed sums and another key are found', async () => {
  await using signed = await signedFolder()
  const { folder, keys } = signed
  await writeFile(folder.file('b'), '')
  await expect(signed.verify()).rejects.toThrow('b was not signed')
  await writeFile(folder.file('a.tar.gz'), 'another archive')
  await expect(signed.verify()).rejects.toThrow('a.tar.gz is not what was signed')
  await writeKeys(keys.file('other'))
  await expect(verifyRelease(folder.path, keys.file('other.pub'))).rejects.toThrow('believe nothing')
  const sums = sumsText(new Map([['a.tar.gz', await sumOf(folder.file('a.tar.gz'))]]))
  await writeFile(folder.file(sumsName), sums)
  await expect(signed.verify()).rejects.toThrow('believe nothing')
  const none = sumsText(new Map([['c', 'a'.repeat(64)]]))
  await writeFile(folder.file(sumsName), none)
  await writeFile(folder.file(signatureName), await signWith(keys.file('key'), Buffer.from(none)))
  await expect(signed.verify()).rejects.toThrow('c is missing')
})

test('sums name files of the folder only', async () => {
  const sum = 'a'.repeat(64)
  expect([...parseSums(`${sum}  b\n`)]).toEqual([['b', sum]])
  for (const bad of [`${sum}  ../b`, `${sum}  .b`, `${sum} b`, `${sum}  a/b`, `${sum}  b\n${sum}  b`, 'b'])
    expect(() => parseSums(bad)).toThrow('this is no sum')
  await using place = await tempPlace()
  await writeFile(place.file('text'), 'no key')
  await expect(signWith(place.file('none'), new Uint8Array())).rejects.toThrow('cannot be read')
  expect(await readFile(place.file('text'), 'utf8')).toBe('no key')
})
