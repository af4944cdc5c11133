import { describe, expect, test } from 'vitest'
import { isLoopbackName, mostHeaders, refuseRequest, type Asked } from './guard.ts'
import { createOwnNames, parseNames } from './own-names.ts'

interface Change {
  readonly method?: string
  readonly url?: string
  readonly localAddress?: string
  readonly encrypted?: boolean
  readonly lines?: number
}

const names = createOwnNames(parseNames(['varve.example', '203.0.113.9']), {
  machine: 'Tower.lan.example',
  fullName: Promise.resolve(null),
})

function refuse(headers: Record<string, string>, change: Change = {}): number | null {
  const { method = 'GET', url = '/', localAddress = '192.0.2.7', encrypted = false, lines = 3 } = change
  const rawHeaders = Array<string>(2 * lines).fill('x')
  const request: Asked = { headers, method, url, rawHeaders, socket: { localAddress, encrypted } }
  return refuseRequest(request, names)?.status ?? null
}

describe('the name that a controller is asked by', () => {
  test.each([
    [{ host: '127.0.0.1:7070' }],
    [{ host: 'localhost:7070', origin: 'http://localhost:7070' }],
    [{ host: '[::1]:7070', origin: 'http://[::1]:7070' }],
    [{ host: 'varve.localhost' }],
    [{ host: 'tower:7070' }],
    [{ host: 'TOWER.lan.example.' }],
    [{ host: 'varve.example', origin: 'https://varve.example' }],
    [{ host: '203.0.113.9:7070' }],
    [{ host: '192.0.2.7:7070' }],
  ])('%j is one of it', (headers) => {
    expect(refuse(headers)).toBeNull()
  })

  test('the address of a socket is the same as IPv4 in IPv6', () => {
    expect(refuse({ host: '192.0.2.7:7070' }, { localAddress: '::ffff:192.0.2.7' })).toBeNull()
    expect(refuse({ host: '[2001:db8::7]:7070' }, { localAddress: '2001:DB8:0::7' })).toBeNull()
  })

  test.each([
    ['evil.example:7070'],
    ['127.0.0.1.evil.example'],
    ['localhost.evil.example'],
    ['tower.evil.example'],
    ['lan.example'],
    ['192.0.2.8:7070'],
    ['[2001:db8::8]:7070'],
    ['0.0.0.0:7070'],
  ])('%s is not', (host) => {
    expect(refuse({ host })).toBe(421)
    // Not though the page says that it comes from there.
    expect(refuse({ host, origin: `http://${host}` })).toBe(421)
  })

  test.each([[{}], [{ host: '' }], [{ host: 'a b' }]])('%j is none', (headers: Record<string, string>) => {
    expect(refuse(headers)).toBe(403)
  })

  test('the sentence names the flag', () => {
    const { reason } = refuseRequest({ headers: { host: 'web:1' }, rawHeaders: [], socket: {} }, names) ?? {}
    expect(reason).toContain('--name web (VARVE_NAMES)')
  })

  test('the full name of the machine is known once it was looked up', async () => {
    const fullName = Promise.resolve('tower.corp.example')
    const own = createOwnNames([], { machine: 'tower', fullName })
    expect(own.has('tower.corp.example')).toBe(false)
    await fullName
    await Promise.resolve()
    expect(own.has('tower.corp.example')).toBe(true)
  })

  test.each(['varve.example:7070', 'http://varve.example', 'a b', 'varve.example/x', ''])(
    '--name %j is refused',
    (text) => {
      expect(() => parseNames([text])).toThrow('is not a name')
    },
  )
})

describe('pages of other sites', () => {
  const host = '127.0.0.1:7070'
  test.each([
    [{ host, origin: 'http://evil.example' }],
    [{ host, origin: 'http://127.0.0.1:8080' }],
    [{ host, origin: 'null' }],
    [{ host: 'localhost:7070', origin: 'not a url' }],
    [{ host: 'varve.example', origin: 'https://evil.example' }],
  ])('%j is refused', (headers) => {
    expect(refuse(headers)).toBe(403)
  })

  test.each(['cross-site', 'same-site', 'anything'])('what a browser says is %s is refused', (site) => {
    const headers = { host, 'sec-fetch-site': site }
    for (const url of ['/trpc', '/trpc/fleet.info', '/api/images/x/file', '/api?x', '/trpc?batch=1'])
      expect(refuse(headers, { url })).toBe(403)
    expect(refuse(headers, { method: 'POST', url: '/' })).toBe(403)
    expect(refuse(headers, { method: 'PUT', url: '/images' })).toBe(403)
    // A link to a page of the dashboard.
    expect(refuse(headers, { url: '/images/x' })).toBeNull()
  })

  test.each(['same-origin', 'none'])('what a browser says is %s is answered', (site) => {
    expect(refuse({ host, 'sec-fetch-site': site }, { url: '/trpc/fleet.info' })).toBeNull()
  })

  test('a page that came unencrypted says nothing by TLS', () => {
    const origin = 'http://varve.example'
    expect(refuse({ host: 'varve.example', origin }, { encrypted: true })).toBe(403)
    expect(refuse({ host: 'varve.example', origin: 'https://varve.example' }, { encrypted: true })).toBeNull()
  })
})

describe('calls', () => {
  const call = (type: string | null) =>
    refuse(
      { host: '127.0.0.1:7070', ...(type === null ? {} : { 'content-type': type }) },
      { method: 'POST', url: '/trpc/fleet.rescan' },
    )
  test.each([
    null,
    'text/plain',
    'text/plain; application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
  ])('of type %s are refused', (type) => {
    expect(call(type)).toBe(415)
  })
  test.each(['application/json', 'Application/JSON; charset=utf-8'])('of type %s are answered', (type) => {
    expect(call(type)).toBeNull()
  })
})

test('a head of many lines is refused', () => {
  const host = 'localhost'
  expect(refuse({ host }, { lines: mostHeaders })).toBeNull()
  expect(refuse({ host }, { lines: mostHeaders + 1 })).toBe(431)
})

test.each([
  ['127.0.0.1', true],
  ['127.5.5.5', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.2', false],
  ['example.org', false],
])('%s is loopback: %s', (name, isLoopback) => {
  expect(isLoopbackName(name)).toBe(isLoopback)
})
