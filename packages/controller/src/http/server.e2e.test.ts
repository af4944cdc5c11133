import { mkdir, writeFile } from 'node:fs/promises'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import { startTestController } from '../testing/start-test-controller.ts'

test('the API, its health check and what is not there', async () => {
  await using controller = await startTestController()
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(controller.url + path, { headers })
  expect(await (await get('/api/health')).json()).toMatchObject({ status: 'ok' })
  expect(await (await get('/trpc/fleet.info')).json()).toMatchObject({ result: { data: { images: 0 } } })
  expect((await get('/api/nothing')).status).toBe(404)
  expect((await get(`/api/manifests/${'0'.repeat(64)}`)).status).toBe(404)
  expect((await get('/api/manifests/..%2f..%2finventory.sqlite')).status).toBe(404)
  const notBuilt = await get('/images/some-image')
  expect([notBuilt.status, await notBuilt.text()]).toEqual([503, expect.stringContaining('not built yet')])
  const missing = await get(`/trpc/images.get?input=${encodeURIComponent('{"id":"none"}')}`)
  expect([missing.status, await missing.json()]).toMatchObject([
    404,
    { error: { message: expect.stringContaining('there is no image of that name in this fleet') } },
  ])
})

test('pages of other sites are not answered, by HTTP or WebSocket', async () => {
  await using controller = await startTestController()
  const headers = { origin: 'http://evil.example', 'content-type': 'application/json' }
  const mutation = await fetch(`${controller.url}/trpc/fleet.rescan`, {
    method: 'POST',
    headers,
    body: '{"name":"north"}',
  })
  expect(mutation.status).toBe(403)
  const refused = (path: string, origin: string) =>
    new Promise((resolve) => {
      const socket = new WebSocket(controller.url.replace('http', 'ws') + path, { origin })
      socket.once('error', (error) => resolve(error.message))
      socket.once('open', () => resolve('open'))
    })
  expect(await refused('/trpc', 'http://evil.example')).toContain('403')
  expect(await refused('/elsewhere', controller.url)).toContain('403')
})

test('the built dashboard is served, its pages by its start page, its assets for ever', async () => {
  await using place = await tempPlace()
  await mkdir(place.file('assets'))
  await writeFile(place.file('index.html'), '<title>Varve</title>')
  await writeFile(place.file('assets/app-1234.js'), 'export {}')
  await using controller = await startTestController({ dashboard: place.path })
  const get = async (path: string) => {
    const answer = await fetch(controller.url + path)
    return [answer.status, answer.headers.get('cache-control'), await answer.text()]
  }
  const page = [200, 'no-cache', '<title>Varve</title>']
  expect(await get('/')).toEqual(page)
  expect(await get('/images/abc?search=x')).toEqual(page)
  expect(await get('/migrations/a.b.c')).toEqual(page)
  expect(await get('/assets/app-1234.js')).toEqual([200, 'public, max-age=31536000, immutable', 'export {}'])
  expect((await get('/assets/none.js'))[0]).toBe(404)
  expect((await get('/..%2f..%2fetc%2fpasswd'))[2]).not.toContain('root:')
})

test('what the build compressed is sent as the browser takes it, and answers of the API are compressed', async () => {
  await using place = await tempPlace()
  await mkdir(place.file('assets'))
  await writeFile(place.file('index.html'), '<title>Varve</title>')
  await writeFile(place.file('assets/app-1234.js'), 'plain')
  await writeFile(place.file('assets/app-1234.js.br'), brotliCompressSync('packed'))
  await writeFile(place.file('assets/app-1234.js.gz'), gzipSync('zipped'))
  await using controller = await startTestController({ dashboard: place.path })
  const get = async (path: string, encodings: string) => {
    const answer = await fetch(controller.url + path, { headers: { 'accept-encoding': encodings } })
    const { headers } = answer
    return [headers.get('content-encoding'), headers.get('vary'), await answer.text()] as const
  }
  expect(await get('/assets/app-1234.js', 'gzip, br')).toEqual(['br', 'accept-encoding', 'packed'])
  expect(await get('/assets/app-1234.js', 'gzip')).toEqual(['gzip', 'accept-encoding', 'zipped'])
  expect(await get('/assets/app-1234.js', 'identity')).toEqual([null, 'accept-encoding', 'plain'])
  for (const [encodings, sent] of [
    ['gzip, br', 'gzip'],
    ['gzip', 'gzip'],
    ['identity', null],
  ] as const) {
    const [encoding, vary, text] = await get('/trpc/fleet.info', encodings)
    expect([encoding, vary]).toEqual([sent, expect.stringContaining('accept-encoding')])
    expect(JSON.parse(text)).toMatchObject({ result: { data: { images: 0 } } })
  }
})
