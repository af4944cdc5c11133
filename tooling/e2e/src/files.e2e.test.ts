import { request as httpRequest, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { randomBytes, randomUUID } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { open, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TRPCClientError } from '@trpc/client'
import { uploadFile, type UploadProgress } from '@varve/dashboard/data/upload-file'
import { pieceSize } from '@varve/protocol/file-streams'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fleet, waitFor } from './fleet.ts'

const MiB = 1024 * 1024
const size = 41 * MiB + 512

describe('files between a browser and a library', () => {
  let place: TempPlace
  let fleet: Fleet
  /** Data, a hole of two pieces, data, and a piece that is not whole. */
  let disk: string

  beforeAll(async () => {
    place = await tempPlace()
    disk = place.file('local.img')
    await using file = await open(disk, 'w')
    const data = randomBytes(size)
    await file.write(data.fill(0, 8 * MiB, 16 * MiB))
    fleet = await Fleet.start(place.file('fleet'), { isSignInOff: true })
  })
  afterAll(async () => {
    await fleet[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  const target = (name: string, id = randomUUID().replaceAll('-', '').slice(0, 12)) => ({
    host: 'north',
    library: 'images',
    name,
    id,
  })

  async function upload(
    to: ReturnType<typeof target>,
    onProgress: (progress: UploadProgress) => void = () => {},
    signal = new AbortController().signal,
  ): Promise<string> {
    return await uploadFile({
      file: await openAsBlob(disk),
      origin: fleet.url,
      begin: async (stop) => await fleet.api.uploads.begin.mutate({ ...to, size }, { signal: stop }),
      isPassing: (error) =>
        error instanceof TRPCClientError &&
        (!error.data || ['agent-gone', 'canceled'].includes(error.data.problem?.code)),
      signal,
      onProgress,
    })
  }

  async function take({ host, library, name, id }: ReturnType<typeof target>, digest: string) {
    const wish = { host, library, operation: 'upload', request: { target: name, id, size, digest } }
    const { plan } = await fleet.api.runs.plan.query(wish)
    const accepted = plan.kind === 'plan' ? plan.warnings.map(({ id: warning }) => warning) : []
    const { id: run } = await fleet.api.runs.start.mutate({ ...wish, accepted, idempotencyKey: randomUUID() })
    return await waitFor('the end of the run', async () => {
      const view = await fleet.api.runs.get.query({ id: run })
      return view.finishedAt === null ? null : view
    })
  }

  const problemOf = async (work: Promise<unknown>): Promise<unknown> =>
    await work.then(
      () => null,
      (error: unknown) => (error instanceof TRPCClientError ? error.data?.problem?.code : error),
    )

  const urlOf = async (name: string) =>
    `${fleet.url}/api/images/${(await fleet.image('north', name)).id}/file`

  test('arrive whole although agent and controller are killed on the way, and are downloaded again', async () => {
    const to = target('web "01".img')
    const seen: number[] = []
    const victims = new Map<number, 'north' | 'controller'>([
      [2 * pieceSize, 'north'],
      [6 * pieceSize, 'controller'],
    ])
    let killing: Promise<void> = Promise.resolve()
    const digest = await upload(to, ({ received }) => {
      seen.push(received)
      const victim = victims.get(received)
      if (!victim) return
      victims.delete(received)
      killing = killing.then(async () => {
        await fleet.kill(victim)
        await fleet.run(victim)
      })
    })
    await killing
    expect(victims.size).toBe(0)
    // It went on from where it was.
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    expect(await fleet.files('north')).toEqual([`.${to.name}.${to.id}.part`])

    const run = await take(to, digest)
    expect(run).toMatchObject({ state: 'succeeded', error: null })
    expect(await fleet.files('north')).toEqual([to.name])
    const wanted = await readFile(disk)
    expect((await readFile(join(fleet.library('north'), to.name))).equals(wanted)).toBe(true)

    const url = await urlOf(to.name)
    const whole = await fetch(url)
    expect(whole.headers.get('content-disposition')).toBe(
      `attachment; filename="web _01_.img"; filename*=UTF-8''web%20%2201%22.img`,
    )
    expect(Buffer.from(await whole.bytes()).equals(wanted)).toBe(true)
    const etag = whole.headers.get('etag') ?? ''
    const part = await fetch(url, { headers: { range: `bytes=${5 * MiB}-`, 'if-range': etag } })
    expect([part.status, part.headers.get('content-range')]).toEqual([
      206,
      `bytes ${5 * MiB}-${size - 1}/${size}`,
    ])
    expect(Buffer.from(await part.bytes()).equals(wanted.subarray(5 * MiB))).toBe(true)
    // Of another state of the file there is no rest.
    const other = await fetch(url, { headers: { range: 'bytes=5-', 'if-range': '"another"' } })
    expect([other.status, other.headers.get('content-length')]).toEqual([200, String(size)])
    await other.body?.cancel()
    const beyond = await fetch(url, { headers: { range: `bytes=${size}-` } })
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${size}`])
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(size)])
  })

  test('a download that is cut off does not look whole', async () => {
    await writeFile(join(fleet.library('north'), 'long.img'), randomBytes(64 * MiB))
    const response = await fetch(await urlOf('long.img'))
    const reader = response.body?.getReader()
    await reader?.read()
    await fleet.kill('north')
    const rest = async () => {
      while (!(await reader?.read())?.done);
    }
    await Promise.all([expect(rest()).rejects.toThrow(), fleet.run('north')])
    expect((await fetch(await urlOf('long.img'), { headers: { range: 'bytes=0-9' } })).status).toBe(206)
  })

  test('a canceled upload leaves nothing', async () => {
    const to = target('canceled.img')
    const stop = new AbortController()
    const going = upload(
      to,
      ({ received }) => {
        if (received >= pieceSize) stop.abort(new Error('enough'))
      },
      stop.signal,
    )
    await expect(going).rejects.toThrow('enough')
    expect(await fleet.files('north')).toContain(`.${to.name}.${to.id}.part`)
    await fleet.api.uploads.cancel.mutate(to)
    expect((await fleet.files('north')).filter((name) => name.includes('canceled'))).toEqual([])
  })

  test('what is not the file that was sent gets no name', async () => {
    const to = target('damaged.img')
    const digest = await upload(to)
    const part = join(fleet.library('north'), `.${to.name}.${to.id}.part`)
    {
      await using file = await open(part, 'r+')
      await file.write(Buffer.from('bit rot'), 0, 7, 20 * MiB)
    }
    expect(await take(to, digest)).toMatchObject({ state: 'failed', error: { code: 'digest-mismatch' } })
    expect((await fleet.files('north')).filter((name) => name.includes('damaged'))).toEqual([])
  })

  test('hostile sizes and names, two uploads of one name, and a name that is taken are refused', async () => {
    const begin = async (change: object) =>
      await problemOf(fleet.api.uploads.begin.mutate({ ...target('new.img'), size, ...change }))
    await writeFile(join(fleet.library('north'), 'taken.img'), 'x')
    await symlink('/nowhere', join(fleet.library('north'), 'dangling.img'))
    expect(await begin({ name: 'taken.img' })).toBe('target-exists')
    expect(await begin({ name: 'dangling.img' })).toBe('target-exists')
    expect(await begin({ size: Number.MAX_SAFE_INTEGER })).toBe('no-space')
    expect(await begin({ library: 'other' })).toBe('refused')
    for (const name of ['../out.img', '/etc/x', '.hidden', 'a\nb', 'a\0b', ''])
      await expect(fleet.api.uploads.begin.mutate({ ...target(name), size })).rejects.toMatchObject({
        data: { code: 'BAD_REQUEST' },
      })
    const first = await fleet.api.uploads.begin.mutate({ ...target('twice.img'), size })
    expect(await begin({ name: 'twice.img' })).toBe('refused')

    const put = async (at: number, bytes: Uint8Array<ArrayBuffer>, sha256 = '0'.repeat(64)) => {
      const response = await fetch(`${fleet.url}/api/uploads/${first.upload}?at=${at}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/octet-stream', 'x-varve-sha256': sha256 },
        body: bytes,
      })
      const answer = (await response.json()) as { error: { code: string } | null }
      return [response.status, answer.error?.code]
    }
    expect(await put(0, new Uint8Array(10))).toEqual([400, 'invalid-request'])
    expect(await put(0, new Uint8Array(pieceSize))).toEqual([409, 'digest-mismatch'])
    expect(await put(pieceSize, new Uint8Array(pieceSize))).toEqual([409, 'refused'])
    expect(await statusOfPromised(`${fleet.url}/api/uploads/${first.upload}?at=0`, pieceSize + 1)).toBe(413)
    expect((await put(-1, new Uint8Array(10)))[0]).toBe(400)
    const nobody = await fetch(`${fleet.url}/api/streams/${'x'.repeat(32)}/fetch`, { method: 'POST' })
    expect(nobody.status).toBe(410)
    const foreign = await fetch(await urlOf('taken.img'), { headers: { origin: 'http://evil.example' } })
    expect(foreign.status).toBe(403)
  })
})

/** What a server says to a body of that many bytes which is only promised: one that it does not want is not waited for. */
async function statusOfPromised(url: string, bytes: number): Promise<number | undefined> {
  const headers = { 'content-type': 'application/octet-stream', 'content-length': bytes }
  const request = httpRequest(url, { method: 'PUT', headers })
  request.flushHeaders()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  request.on('error', () => {})
  request.destroy()
  return response.statusCode
}
