import { request } from 'node:http'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signedRelease } from '../testing/signed-release.ts'
import { startTestController } from '../testing/start-test-controller.ts'

const name = 'varve-1.2.3-linux-x64.tar.gz'
const bytes = Buffer.from('the bytes of an archive')

let place: TempPlace
let controller: Awaited<ReturnType<typeof startTestController>>

beforeAll(async () => {
  place = await tempPlace()
  const { releases, releaseKey } = await signedRelease(place.path, { [name]: bytes })
  // Everybody is answered, signed in or not.
  controller = await startTestController({ releases, releaseKey, signIn: true })
})

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]()
  await place?.[Symbol.asyncDispose]()
})

async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return await fetch(controller.url + path, { headers, method })
}

test('the script and the files are for everybody, with type, length and tag', async () => {
  const script = await get('/install/linux.sh')
  expect([script.status, script.headers.get('content-type')]).toEqual([200, 'application/x-sh'])
  expect(await script.text()).toContain(name)
  const other = await get('/install/windows.ps1')
  expect([other.status, await other.text()]).toEqual([404, expect.stringContaining('no archive for Windows')])
  const file = await get(`/install/files/${name}`)
  expect(Buffer.from(await file.arrayBuffer())).toEqual(bytes)
  const { headers } = file
  expect(
    ['content-type', 'content-length', 'accept-ranges', 'content-security-policy'].map((it) =>
      headers.get(it),
    ),
  ).toEqual(['application/gzip', '23', 'bytes', expect.stringContaining('sandbox')])
  const tag = headers.get('etag') ?? ''
  expect(tag).toMatch(/^"[0-9a-f]{64}"$/u)
  expect((await get(`/install/files/${name}`, { 'if-none-match': tag })).status).toBe(304)
  const head = await get(`/install/files/${name}`, {}, 'HEAD')
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '23', ''])
  for (const [sums, type] of [
    ['SHA256SUMS', 'text/plain'],
    ['SHA256SUMS.sig', 'application/octet-stream'],
  ])
    expect((await get(`/install/files/${sums}`)).headers.get('content-type')).toContain(type)
})

test('a part of a file is sent, of the file that is meant', async () => {
  const part = async (headers: Record<string, string>) => {
    const answer = await get(`/install/files/${name}`, headers)
    return [answer.status, answer.headers.get('content-range'), await answer.text()]
  }
  expect(await part({ range: 'bytes=4-8' })).toEqual([206, 'bytes 4-8/23', 'bytes'])
  expect(await part({ range: 'bytes=-7' })).toEqual([206, 'bytes 16-22/23', 'archive'])
  expect(await part({ range: 'bytes=23-' })).toEqual([416, 'bytes */23', ''])
  expect(await part({ range: 'bytes=4-8', 'if-range': '"another"' })).toEqual([200, null, bytes.toString()])
})

test('no other name is served, whatever it is written as', async () => {
  const { port } = new URL(controller.url)
  const paths = [
    '..%2frelease.pub',
    '../../release.pub',
    '%2e%2e%2frelease.pub',
    `${name}%00`,
    `./${name}`,
    'x',
    '',
  ]
  for (const path of paths) {
    const status = await new Promise((resolve, reject) => {
      request({ port, path: `/install/files/${path}`, agent: false }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
        .on('error', reject)
        .end()
    })
    expect([path, [400, 404].includes(Number(status))]).toEqual([path, true])
  }
  expect((await get('/install/nothing')).status).toBe(404)
  expect((await get('/install/linux.sh', {}, 'POST')).status).not.toBe(200)
  expect((await get('/install/linux.sh', { origin: 'http://evil.example' })).status).toBe(403)
})

test('without a release there is no line, and why is said', async () => {
  await using bare = await startTestController()
  const made = await bare.client.trust.makeToken.mutate({})
  expect(made.install).toHaveLength(3)
  for (const { line, reason } of made.install)
    expect([line, reason]).toEqual([null, expect.stringContaining('--release-key')])
  const script = await fetch(`${bare.url}/install/linux.sh`)
  expect([script.status, await script.text()]).toEqual([404, expect.stringContaining('serves no release')])
})
