import { readFile, stat, writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { dropRequest, openRequest } from './join-request.ts'

test('the request of a token is the same one until the host has joined; another token has its own', async () => {
  await using place = await tempPlace()
  const first = await openRequest(place.path, 'one')
  expect(await openRequest(place.path, 'one')).toMatchObject(first)
  const other = await openRequest(place.path, 'two')
  expect(other.request).not.toBe(first.request)
  if (process.platform !== 'win32') expect((await stat(place.file('joining.json'))).mode & 0o777).toBe(0o600)
  await dropRequest(place.path)
  expect((await openRequest(place.path, 'two')).request).not.toBe(other.request)
})

test('a file that is damaged is made anew', async () => {
  await using place = await tempPlace()
  await writeFile(place.file('joining.json'), '{"token":"one"')
  const made = await openRequest(place.path, 'one')
  expect(JSON.parse(await readFile(place.file('joining.json'), 'utf8'))).toMatchObject(made)
})
