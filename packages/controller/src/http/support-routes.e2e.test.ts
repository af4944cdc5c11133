import { gunzipSync } from 'node:zlib'
import { findLocalAccess } from '@varve/trust/local-access'
import { tempPlace } from '@varve/test-kit/temp-place'
import { unpackTar } from 'modern-tar'
import { expect, test } from 'vitest'
import { startTestController } from '../testing/start-test-controller.ts'

test('a support bundle is for admins, holds no secret, and is written down', async () => {
  await using place = await tempPlace()
  const access = place.file('access')
  await using controller = await startTestController({ signIn: true, accessFolder: access })
  const { url } = controller
  expect((await fetch(`${url}/api/support`)).status).toBe(401)
  const key = findLocalAccess(url, access)?.key ?? ''
  const headers = { authorization: `Bearer ${key}` }
  const answers = await Promise.all([1, 2].map(async () => fetch(`${url}/api/support`, { headers })))
  for (const answer of answers) {
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="varve-support-\d{4}-\d\d-\d\d\.tar\.gz"$/u,
    )
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const tar = gunzipSync(Buffer.from(await answer.arrayBuffer()))
    const names = (await unpackTar(tar)).map(({ header }) => header.name)
    expect(names).toEqual(expect.arrayContaining(['varve-support/README.txt', 'varve-support/versions.json']))
    expect(key.length).toBeGreaterThan(20)
    expect(tar.includes(key)).toBe(false)
  }
  const lines = await fetch(
    `${url}/trpc/audit.list?input=${encodeURIComponent(JSON.stringify({ what: 'files.support' }))}`,
    { headers },
  )
  expect(JSON.stringify(await lines.json()).match(/files\.support/gu)?.length).toBeGreaterThanOrEqual(2)
})
