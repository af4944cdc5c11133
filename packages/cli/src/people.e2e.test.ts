import { chmod, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { startTestController } from '@varve/controller/testing/start-test-controller'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const program = join(import.meta.dirname, '../bin/varve.mjs')

let place: TempPlace
let controller: Awaited<ReturnType<typeof startTestController>>

beforeEach(async () => {
  place = await tempPlace()
  controller = await startTestController({ signIn: true, accessFolder: place.file('access') })
})

afterEach(async () => {
  await controller[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

interface As {
  /** As the user that runs the controller. */
  readonly owner?: boolean
  readonly key?: string
}

async function varve(words: readonly string[], { owner = false, key }: As = {}) {
  return await execa(process.execPath, [program, ...words], {
    reject: false,
    env: {
      VARVE_CONTROLLER: controller.url,
      VARVE_STATE: place.file(owner ? 'owner' : 'other'),
      VARVE_ACCESS: place.file(owner ? 'access' : 'nowhere'),
      ...(key !== undefined && { VARVE_KEY: key }),
    },
  })
}

const owner = { owner: true }

/** What a browser has after it signed in by a link. */
async function cookieBy(link: string): Promise<string> {
  const answer = await post('/sign-in/link', { token: new URL(link).hash.slice(1) })
  expect(answer.status).toBe(200)
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ')
}

async function post(path: string, body: unknown, cookie = ''): Promise<Response> {
  return await fetch(`${controller.url}/api/auth${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie },
    body: JSON.stringify(body),
  })
}

async function linkOf(name: string, role: string): Promise<string> {
  const { stdout } = await varve(['people', 'add', name, role, '--json'], owner)
  return (JSON.parse(stdout) as { url: string }).url
}

describe('varve people and varve keys', () => {
  test('the user that runs the controller is let in, another is told what to do', async () => {
    expect(await varve(['hosts'], owner)).toMatchObject({ exitCode: 0 })
    const stranger = await varve(['hosts'])
    expect(stranger.exitCode).not.toBe(0)
    expect(stranger.stderr).toContain('Sign in first')
    expect(stranger.stderr).toContain('varve login')
  })

  test('people are added with rights, shown, changed, kept out and removed', async () => {
    const added = await varve(
      ['people', 'add', 'ada', 'operator', '--hosts', 'web-*,db-1', '--operations', 'convert'],
      owner,
    )
    expect(added.stdout).toContain('/sign-in#')
    const shown = await varve(['people'], owner)
    expect(shown.stdout).toMatch(/ada\s+operator\s+convert on web-\*, db-1\s+never/u)
    const silent = await varve(['people', 'role', 'ada', 'operator'], owner)
    expect([silent.exitCode, silent.stderr]).toEqual([2, expect.stringContaining('--everywhere')])
    expect((await varve(['people', 'role', 'ada', 'viewer'], owner)).stdout).toBe('ada is a viewer now.')
    expect((await varve(['people', 'disable', 'ada'], owner)).stdout).toBe('ada is kept out.')
    expect((await varve(['people'], owner)).stdout).toContain('kept out')
    expect((await varve(['people', 'enable', 'ada'], owner)).exitCode).toBe(0)
    expect((await varve(['people', 'remove', 'ada'], owner)).exitCode).toBe(0)
    expect((await varve(['people', '--json'], owner)).stdout).toBe('[]')
  })

  test.each([
    [['people', 'add', 'Ada'], 'lower-case letters'],
    [['people', 'add', 'ada', 'owner'], 'is no role: viewer, operator, admin'],
    [['people', 'add', 'ada', 'viewer', '--hosts', 'a'], 'are for operators'],
    [['people', 'add', 'ada', 'operator', '--hosts', ','], 'names nothing'],
    [['people', 'link', 'nobody'], 'no person of that name'],
    [['keys', 'revoke', 'nothing', '--anyone'], 'no key of that name'],
    [['keys', 'make', 'k', '--days', '0'], 'from 1 to 3660'],
    [['keys', 'make', 'k'], 'nobody has signed in'],
  ])('%j is refused with its reason', async (words, reason) => {
    const refused = await varve(words, owner)
    expect(refused.exitCode).not.toBe(0)
    expect(refused.stderr).toContain(reason)
  })
})

describe('varve login', () => {
  /** Runs it, and does in a browser what it says. */
  async function loginWith(cookie: string, answer: 'approve' | 'deny') {
    const child = execa(process.execPath, [program, 'login'], {
      reject: false,
      env: {
        VARVE_CONTROLLER: controller.url,
        VARVE_STATE: place.file('other'),
        VARVE_ACCESS: place.file('nowhere'),
      },
    })
    const userCode = await new Promise<string>((resolve) => {
      let said = ''
      child.stderr.on('data', (bytes: Buffer) => {
        said += bytes.toString()
        const code = /user_code=(?<code>[A-Z0-9]+)/u.exec(said)?.groups?.['code']
        if (code !== undefined) resolve(code)
      })
    })
    await fetch(`${controller.url}/api/auth/device?user_code=${userCode}`, { headers: { cookie } })
    expect((await post(`/device/${answer}`, { userCode }, cookie)).status).toBe(200)
    return await child
  }

  test('what is approved in a browser lets the command act as that person, until it signs out', async () => {
    const cookie = await cookieBy(await linkOf('ada', 'operator'))
    const done = await loginWith(cookie, 'approve')
    expect(done.stdout).toMatch(/Signed in at .* as ada, operator, until \d{4}-/u)
    const kept = place.file('other/credentials.json')
    expect((await stat(kept)).mode & 0o777).toBe(0o600)
    expect(await varve(['hosts'])).toMatchObject({ exitCode: 0 })
    const refused = await varve(['people', 'add', 'eve'])
    expect(refused.stderr).toContain('This is for admins')
    const sessions = await varve(['people', 'sessions'], owner)
    expect(sessions.stdout).toMatch(/ada\s+command/u)

    const made = await varve(['keys', 'make', 'nightly', '--role', 'viewer', '--days', '7', '--json'])
    const { text } = JSON.parse(made.stdout) as { text: string }
    expect((await varve(['keys'])).stdout).toMatch(/ada\s+nightly\s+viewer/u)
    expect(await varve(['hosts'], { key: text })).toMatchObject({ exitCode: 0 })

    const token = await readFile(kept, 'utf8')
    expect((await varve(['logout'])).stdout).toContain('Signed out')
    expect((await varve(['hosts'])).exitCode).not.toBe(0)
    const { controllers } = JSON.parse(token) as { controllers: Record<string, { token: string }> }
    const [held] = Object.values(controllers)
    expect((await varve(['hosts'], { key: held?.token ?? '' })).exitCode).not.toBe(0)
    expect((await varve(['hosts'], { key: 'varve_made-up' })).stderr).toContain('not known here')
    const broken = await varve(['hosts'], { key: 'varve_SECRET\nmore' })
    expect([broken.exitCode, broken.stderr.includes('SECRET')]).toEqual([2, false])
  })

  test('what is denied lets nobody in', async () => {
    const cookie = await cookieBy(await linkOf('ada', 'operator'))
    const denied = await loginWith(cookie, 'deny')
    expect(denied.exitCode).not.toBe(0)
    expect(denied.stderr).toContain('denied in the browser')
    expect((await varve(['hosts'])).exitCode).not.toBe(0)
  })

  test('a file that others may read is not used', async () => {
    const cookie = await cookieBy(await linkOf('ada', 'operator'))
    await loginWith(cookie, 'approve')
    await chmod(place.file('other/credentials.json'), 0o644)
    const refused = await varve(['hosts'])
    expect(refused.exitCode).not.toBe(0)
    expect(refused.stderr).toContain('chmod 600')
  })
})
