import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { keyFileName, openSecrets } from './secrets.ts'

const secret = Buffer.from('the key of the fleet')

test('what was sealed is opened after a restart, for its purpose only and unchanged only', async () => {
  await using place = await tempPlace()
  const sealed = openSecrets(place.path).seal('root', secret)
  expect((await stat(place.file(keyFileName))).mode & 0o777).toBe(0o600)
  const again = openSecrets(place.path)
  expect(again.open('root', sealed)).toEqual(secret)
  expect(sealed).not.toContain(secret.toString('base64url'))
  for (const [purpose, text] of [
    ['audit', sealed],
    ['root', `${sealed.slice(0, -2)}${sealed.endsWith('A') ? 'BB' : 'AA'}`],
    ['root', sealed.slice(0, 12)],
    ['root', ''],
    ['root', secret.toString()],
  ] as const)
    expect(() => again.open(purpose, text)).toThrow('cannot be opened')
})

test('a passphrase is put round a key that had none, and is needed from then on', async () => {
  await using place = await tempPlace()
  const sealed = openSecrets(place.path).seal('root', secret)
  openSecrets(place.path, { passphrase: 'pässword' })
  expect(await readFile(place.file(keyFileName), 'utf8')).not.toContain('"key":')
  expect(openSecrets(place.path, { passphrase: 'pa\u0308ssword' }).open('root', sealed)).toEqual(secret)
  expect(() => openSecrets(place.path)).toThrow('none was given')
  expect(() => openSecrets(place.path, { passphrase: 'wrong' })).toThrow('is another one')
})

test('a key that others may read, or that is damaged, is not used', async () => {
  await using place = await tempPlace()
  openSecrets(place.path)
  await chmod(place.file(keyFileName), 0o640)
  expect(() => openSecrets(place.path)).toThrow('others on this machine may read it')
  await chmod(place.file(keyFileName), 0o600)
  await writeFile(place.file(keyFileName), '{"version":1')
  expect(() => openSecrets(place.path)).toThrow('damaged')
})
