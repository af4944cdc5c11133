import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import {
  addressed,
  findLocalAccess,
  isLocalKey,
  localAccessFile,
  makeLocalKey,
  removeLocalAccess,
  writeLocalAccess,
} from './local-access.ts'
import { ownAccessFolder } from './own-folders.ts'

const url = 'http://127.0.0.1:7070'

test('is found for the address that the controller wrote down, and for localhost, which is dialed there', async () => {
  await using place = await tempPlace()
  const key = makeLocalKey()
  expect(isLocalKey(key)).toBe(true)
  const path = localAccessFile(7070, place.path)
  writeLocalAccess(path, { url, key })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  for (const asked of [url, `${url}/trpc`, 'ws://127.0.0.1:7070/trpc', 'http://localhost:7070'])
    expect(findLocalAccess(asked, place.path)?.key, asked).toBe(key)
  expect(addressed('ws://localhost:7070/trpc?a=b', { url, key }).href).toBe('ws://127.0.0.1:7070/trpc?a=b')
})

test('a controller that listens on one address of a network is asked there, by its own roots', async () => {
  await using place = await tempPlace()
  const at = 'https://192.0.2.5:7070'
  const access = { url: at, key: makeLocalKey(), fleet: { fleet: 'f', roots: ['root'] } }
  writeLocalAccess(localAccessFile(7070, place.path), access)
  expect(findLocalAccess(`${at}/trpc`, place.path)).toMatchObject(access)
  for (const asked of ['https://localhost:7070', 'https://127.0.0.1:7070', 'https://192.0.2.6:7070'])
    expect(findLocalAccess(asked, place.path), asked).toBeNull()
})

test('goes to no other address of the machine, where another user may listen, and to no other machine', async () => {
  await using place = await tempPlace()
  writeLocalAccess(localAccessFile(7070, place.path), { url, key: makeLocalKey() })
  for (const asked of [
    'http://127.0.0.2:7070',
    'http://[::1]:7070',
    'http://127.0.0.1:7071',
    'http://127.0.0.1',
    'http://127.0.0.1.evil.example:7070',
    'http://localhost.evil.example:7070',
    'http://evil.example:7070',
    'http://user@evil.example:7070',
    'none',
  ])
    expect(findLocalAccess(asked, place.path), asked).toBeNull()
})

test('a file that others may read, that is damaged, or that is none, is not used', async () => {
  await using place = await tempPlace()
  const path = localAccessFile(7070, place.path)
  const key = makeLocalKey()
  writeLocalAccess(path, { url, key })
  chmodSync(path, 0o640)
  expect(findLocalAccess(url, place.path)).toBeNull()
  chmodSync(path, 0o600)
  const whole = readFileSync(path, 'utf8')
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    whole.slice(0, -5),
    whole.replace('varve-local.', 'x.'),
    ' '.repeat(70_000),
  ]) {
    writeFileSync(path, text)
    expect(findLocalAccess(url, place.path), text.slice(0, 20)).toBeNull()
  }
})

test('a file that was put in its place is not written to, and one of a later controller stays', async () => {
  await using place = await tempPlace()
  const path = localAccessFile(7070, place.path)
  await mkdir(dirname(path), { recursive: true })
  const victim = place.file('victim')
  writeFileSync(victim, 'as it was')
  symlinkSync(victim, path)
  const first = { url, key: makeLocalKey() }
  writeLocalAccess(path, first)
  expect(readFileSync(victim, 'utf8')).toBe('as it was')
  const second = { url, key: makeLocalKey() }
  writeLocalAccess(path, second)
  removeLocalAccess(path, first)
  expect(findLocalAccess(url, place.path)).toEqual({ version: 1, ...second })
  removeLocalAccess(path, second)
  expect(findLocalAccess(url, place.path)).toBeNull()
})

test('its folder is below the state of this user, unless said otherwise', () => {
  expect(ownAccessFolder({ VARVE_ACCESS: '/a' })).toBe('/a')
  expect(ownAccessFolder({ VARVE_STATE: '/s' })).toBe('/s/access')
  expect(ownAccessFolder({ XDG_STATE_HOME: '/x' })).toMatch(/varve.access$/u)
})
