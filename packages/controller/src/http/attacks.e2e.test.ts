import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { connect as tcp, type AddressInfo, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { localAccessHeaders } from '@varve/trust/local-access'
import { ownAccessFolder } from '@varve/trust/own-folders'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { startControllerProcess, type ControllerProcess } from '../testing/controller-process.ts'
import { limitConnections } from './connections.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

interface Question {
  readonly path: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** As the user that runs the controller: what is refused is refused to them too. */
function letIn(url: string): Record<string, string> {
  return localAccessHeaders(url, ownAccessFolder(process.env))
}

/** Asks as no browser would: with any header, also `Host`. */
async function ask(
  url: string,
  { path, method = 'GET', headers: given = {}, body }: Question,
): Promise<Answer> {
  const { hostname: host, port } = new URL(url)
  const headers = { ...letIn(url), ...given }
  return await new Promise((resolve, reject) => {
    const request = httpRequest({ host, port, path, method, headers, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(parts).toString(),
        }),
      )
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** How the upgrade to a WebSocket ends: `open`, or what was said. */
async function upgrade(url: string, headers: Record<string, string>, path = '/trpc'): Promise<string> {
  return await new Promise((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws') + path, { headers })
    socket.once('error', (error) => resolve(error.message))
    socket.once('open', () => {
      socket.terminate()
      resolve('open')
    })
  })
}

const json = { 'content-type': 'application/json' }

describe('attacks on the web side of a controller that listens on all addresses', () => {
  let place: TempPlace
  let controller: ControllerProcess
  let url = ''
  let port = ''
  beforeAll(async () => {
    place = await tempPlace()
    controller = await startControllerProcess([
      '--port=0',
      '--host=0.0.0.0',
      '--name=varve.example',
      `--data=${place.file('data')}`,
      `--dashboard=${place.file('none')}`,
    ])
    ;({ port } = new URL(controller.url))
    url = `http://127.0.0.1:${port}`
  })
  afterAll(async () => {
    await controller.end('SIGTERM')
    await place[Symbol.asyncDispose]()
  })

  const rescan = { path: '/trpc/fleet.rescan', method: 'POST', body: '{"name":"north"}' }
  /** What the call says that is let in: there is no such host. */
  const answered = 404

  test('a cross-site request', async () => {
    expect(await ask(url, { ...rescan, headers: json })).toMatchObject({ status: answered })
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${Number(port) + 1}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: url },
    ]) {
      expect(await ask(url, { ...rescan, headers: { ...json, ...headers } })).toMatchObject({ status: 403 })
      for (const path of ['/trpc/fleet.info', '/api/health', `/api/manifests/${'0'.repeat(64)}`])
        expect(await ask(url, { path, headers })).toMatchObject({ status: 403 })
    }
    // What a form of another site sends without asking for leave.
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=b'])
      expect(await ask(url, { ...rescan, headers: { 'content-type': type } })).toMatchObject({ status: 415 })
    expect(await ask(url, rescan)).toMatchObject({ status: 415 })
  })

  test('a preflight of another site gets no leave', async () => {
    const headers = { origin: 'http://evil.example', 'access-control-request-method': 'POST' }
    const { status, headers: answered } = await ask(url, { path: rescan.path, method: 'OPTIONS', headers })
    expect(status).toBe(403)
    expect(Object.keys(answered).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test('a name that was bound to this address', async () => {
    for (const name of [
      'evil.example',
      `evil.example:${port}`,
      `127.0.0.1.evil.example:${port}`,
      '0.0.0.0',
    ]) {
      const headers = { host: name, origin: `http://${name}` }
      const refused = await ask(url, { path: '/trpc/fleet.info', headers })
      expect(refused).toMatchObject({ status: 421, text: expect.stringContaining('--name') })
      expect(await ask(url, { path: '/', headers: { host: name } })).toMatchObject({ status: 421 })
      expect(await ask(url, { ...rescan, headers: { ...json, ...headers } })).toMatchObject({ status: 421 })
      expect(await upgrade(url, headers)).toContain('421')
    }
    for (const name of [`127.0.0.1:${port}`, `localhost:${port}`, `${hostname()}:${port}`, 'varve.example']) {
      const headers = { host: name, origin: `http://${name}` }
      expect(await ask(url, { path: '/trpc/fleet.info', headers })).toMatchObject({ status: 200 })
      expect(await upgrade(url, headers)).toBe('open')
    }
  })

  test('a cross-site WebSocket', async () => {
    for (const origin of ['http://evil.example', 'null', 'file://', `http://localhost:${port}`])
      expect(await upgrade(url, { origin })).toContain('403')
    expect(await upgrade(url, { 'sec-fetch-site': 'cross-site' })).toContain('403')
    expect(await upgrade(url, { origin: url }, '/elsewhere')).toContain('403')
    expect(await upgrade(url, { origin: url })).toBe('open')
  })

  test('every answer keeps other sites from framing, reading, guessing and running it', async () => {
    const answers = await Promise.all(
      [
        { path: '/' },
        { path: '/images/any' },
        { path: '/api/health' },
        { path: '/api/none' },
        { path: '/trpc/fleet.info' },
        { path: '/trpc/no.such' },
        { path: `/api/manifests/${'0'.repeat(64)}` },
        { path: '/api/images/none/file' },
        { path: '/', headers: { host: 'evil.example' } },
        { ...rescan, headers: { 'content-type': 'text/plain' } },
        { path: '/trpc/fleet.info', method: 'DELETE' },
      ].map((question) => ask(url, question)),
    )
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      })
      const policy = String(headers['content-security-policy'])
      expect(policy).toMatch(/^default-src 'none'; /u)
      expect(policy).toContain(`frame-ancestors 'none'`)
      expect(policy).not.toContain('unsafe')
      expect(headers).not.toHaveProperty('strict-transport-security')
    }
    for (const { headers } of answers.slice(0, 2))
      expect(headers).toMatchObject({
        'cross-origin-opener-policy': 'same-origin',
        'permissions-policy': expect.stringContaining('camera=()'),
      })
  })

  test('a browser that came by TLS comes by TLS from then on, but for names of its own machine', async () => {
    const strict = async (host: string) =>
      await new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port, path: '/', headers: { host }, rejectUnauthorized: false }
        secureRequest({ ...options, agent: false }, (response) => {
          response.resume()
          resolve(response.headers['strict-transport-security'] ?? null)
        })
          .on('error', reject)
          .end()
      })
    expect(await strict('varve.example')).toBe('max-age=31536000')
    expect(await strict('localhost')).toBeNull()
  })

  test('what is too large, too many or too deep', async () => {
    const post = (body: string) => ask(url, { ...rescan, headers: json, body })
    expect((await post(`{"name":"${'n'.repeat(300 * 1024)}"}`)).status).toBe(413)
    expect((await post(`${'['.repeat(5000)}${']'.repeat(5000)}`)).status).toBe(413)
    expect((await post(`{"name":${'{"a":'.repeat(100)}1${'}'.repeat(100)}}`)).status).toBe(413)
    const deep = encodeURIComponent(`${'['.repeat(500)}${']'.repeat(500)}`)
    expect((await ask(url, { path: `/trpc/fleet.host?input=${deep}` })).status).toBe(413)
    const batch = `/trpc/${Array(33).fill('fleet.info').join(',')}?batch=1`
    expect((await ask(url, { path: batch })).status).toBe(413)
    expect((await ask(url, { path: `/${'x'.repeat(20_000)}` })).status).toBe(431)
    expect((await ask(url, { path: '/', headers: { 'x-large': 'x'.repeat(20_000) } })).status).toBe(431)
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`x-${at}`, '1']))
    expect((await ask(url, { path: '/', headers: many })).status).toBe(431)
  })

  test.each([
    ['is too large', `{"id":1,"method":"query","params":{"path":"${'x'.repeat(3 * 1024 ** 2)}"}}`],
    ['is nested too deeply', `{"id":1,"params":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['has too many calls', `[${Array(100).fill('{"id":1}').join(',')}]`],
  ])('a message that %s ends its WebSocket only', async (_how, message) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`)
    await once(socket, 'open')
    const closed = once(socket, 'close')
    socket.on('error', () => undefined)
    socket.send(message)
    await closed
    expect((await ask(url, { path: '/api/health' })).status).toBe(200)
  })

  /** How long the server keeps a connection that begins like this, and goes on a byte a second. */
  async function keeps(head: string, drip: string): Promise<number> {
    const socket = tcp({ host: '127.0.0.1', port: Number(port) })
    const started = performance.now()
    const dripping = setInterval(() => drip !== '' && socket.write(drip), 1000)
    socket.on('error', () => undefined)
    socket.resume()
    socket.write(head)
    await once(socket, 'close')
    clearInterval(dripping)
    return (performance.now() - started) / 1000
  }

  test('slow heads, slow bodies and upgrades that never come are ended', async () => {
    const host = `host: 127.0.0.1:${port}\r\n`
    const upgrading = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n'
    const [head, body, upgraded, silent, handshake] = await Promise.all([
      keeps(`GET / HTTP/1.1\r\n${host}x-slow: `, 'x'),
      keeps(
        `POST /trpc/fleet.rescan HTTP/1.1\r\n${host}content-type: application/json\r\ncontent-length: 1000\r\n\r\n`,
        ' ',
      ),
      keeps(`GET /trpc HTTP/1.1\r\n${host}${upgrading}sec-websocket-key: `, 'A'),
      keeps('', ''),
      keeps('\u0016\u0003\u0001', ''),
    ])
    for (const seconds of [head, upgraded, silent, handshake]) expect(seconds).toBeLessThan(15)
    expect(body).toBeLessThan(25)
  })

  test('of many half-open connections nobody who asks sees anything', async () => {
    const half = `GET / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-half: `
    const sockets: Socket[] = []
    const closed: Promise<unknown>[] = []
    for (let at = 0; at < 4000; at += 1) {
      const socket = tcp({ host: '127.0.0.1', port: Number(port) })
      socket.on('error', () => undefined)
      sockets.push(socket)
      closed.push(once(socket, 'close').catch(() => undefined))
      if (at % 2 === 0) socket.write(half)
      if (at % 200 === 199) await once(socket, 'connect')
    }
    for (const path of ['/api/health', '/trpc/fleet.overview', '/']) {
      const started = performance.now()
      const { status } = await ask(url, { path })
      expect(status).toBe(path === '/' ? 503 : 200)
      expect(performance.now() - started).toBeLessThan(1000)
    }
    const opening = performance.now()
    expect(await upgrade(url, { origin: url })).toBe('open')
    expect(performance.now() - opening).toBeLessThan(1000)
    // Nobody has to end them.
    for (const socket of sockets) socket.resume()
    const outcome = await Promise.race([Promise.all(closed), sleep(20_000, 'open')])
    expect(outcome).not.toBe('open')
  })
})

test('who takes nothing of an answer is cut off, who waits for one is not', async () => {
  const untakenMs = 300
  const server = createServer((request, response) => {
    if (request.url === '/large') response.end(Buffer.alloc(64 * 1024 ** 2))
    else setTimeout(() => response.end('late'), 4 * untakenMs)
  })
  limitConnections({ server, servers: [server] }, { loopback: 10, other: 10, waiting: 10, untakenMs })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const atServer = once(server, 'connection')
  const reader = tcp({ host: '127.0.0.1', port })
  reader.pause()
  reader.write('GET /large HTTP/1.1\r\nhost: x\r\n\r\n')
  const [socket] = (await atServer) as [Socket]
  const late = await ask(`http://127.0.0.1:${port}`, { path: '/' })
  expect(late.text).toBe('late')
  expect(socket.destroyed).toBe(true)
  reader.destroy()
  server.close()
})
