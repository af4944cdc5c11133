import { once } from 'node:events'
import { createHash, randomBytes } from 'node:crypto'
import {
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Worker } from 'node:worker_threads'
import { Encrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import Database from 'better-sqlite3'
import { packTar, type TarHeader } from 'modern-tar'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeConfig } from '../config.ts'
import { openDataFolder } from '../data-folder.ts'
import { startController } from '../start-controller.ts'
import { isNewer, isPartName, type BackupFacts } from './backup-facts.ts'
import { copyDatabases } from './copy-databases.ts'
import { makeBackup } from './make-backup.ts'
import { readRestoredMark } from './restored-mark.ts'
import { restoreBackup } from './restore-backup.ts'

const root = join(import.meta.dirname, '../../../..')
let place: TempPlace
let identity: string
let recipient: string
/** The data folder of a controller that has run. */
let data: string

beforeAll(async () => {
  place = await tempPlace()
  data = place.file('data')
  identity = await generateIdentity()
  recipient = await identityToRecipient(identity)
  const controller = await startController(makeConfig({ data, port: 0, logLevel: 'silent' }))
  await controller.close()
  const folder = openDataFolder(data)
  await writeFile(join(folder.manifests, 'a'.repeat(64)), 'leaves')
  await writeFile(join(folder.manifests, `.${'b'.repeat(64)}.north.part`), 'unfinished')
  folder.release()
})

afterAll(async () => {
  await place?.[Symbol.asyncDispose]()
})

const signal = new AbortController().signal

async function back(to: string, more: Partial<Parameters<typeof makeBackup>[0]> = {}) {
  const key = { kind: 'recipients', recipients: [recipient] } as const
  return await makeBackup({ data, to, key, overwrite: false, signal, ...more })
}

async function restore(file: string, to: string, identities: readonly string[] = [identity]) {
  const key = { kind: 'identities', identities } as const
  return await restoreBackup({ file, data: to, key, keyFrom: 'identity', signal })
}

/** A folder of one test. */
async function own(): Promise<string> {
  const folder = place.file(randomBytes(6).toString('hex'))
  await mkdir(folder)
  return folder
}

async function copyOfData(): Promise<string> {
  const folder = join(await own(), 'data')
  await cp(data, folder, { recursive: true })
  return folder
}

const sumOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test('everything that a data folder names is in its backup, and comes back as it was, for its owner only', async () => {
  const copy = await copyOfData()
  const folder = openDataFolder(copy)
  const named = Object.values(folder).filter((value) => typeof value === 'string')
  folder.release()
  await writeFile(folder.auditHead, 'a head')
  expect(named.length).toBeGreaterThanOrEqual(5)
  const to = join(dirname(copy), 'kept.varve')
  const { facts, leftOut } = await back(to, { data: copy })
  expect(leftOut).toEqual([])
  const names = facts.parts.map(({ name }) => name)
  for (const path of named) {
    const name = basename(path)
    expect({ name, isIn: names.some((one) => one === name || one.startsWith(`${name}/`)) }).toEqual({
      name,
      isIn: true,
    })
  }
  expect(names).toContain('secrets.key')
  expect(names.filter((name) => /lock|-wal|-shm|\.part$/u.test(name))).toEqual([])

  const restored = join(dirname(copy), 'restored')
  expect((await restore(to, restored)).id).toBe(facts.id)
  for (const { name, size, sha256 } of facts.parts) {
    const bytes = await readFile(join(restored, name))
    expect([name, bytes.length, sumOf(bytes)]).toEqual([name, size, sha256])
    expect([name, (await stat(join(restored, name))).mode & 0o077]).toEqual([name, 0])
  }
  expect((await stat(restored)).mode & 0o077).toBe(0)
  expect(readRestoredMark(restored)).toMatchObject({ backup: facts.id, at: facts.at })
  const controller = await startController(makeConfig({ data: restored, port: 0, logLevel: 'silent' }))
  await controller.close()
  expect(readRestoredMark(restored)).toBeNull()
})

test('a passphrase opens what it has closed, and another one does not', async () => {
  const folder = await own()
  const [to, passphrase] = [join(folder, 'kept.varve'), 'four words that nobody guesses']
  await back(to, { key: { kind: 'passphrase', passphrase } })
  const open = async (said: string) =>
    await restoreBackup({
      file: to,
      data: join(folder, 'restored'),
      key: { kind: 'passphrase', passphrase: said },
      keyFrom: 'passphrase',
      signal,
    })
  await expect(open('four words that somebody guesses')).rejects.toThrow(
    'the passphrase or the key is another',
  )
  expect(await readdir(folder)).toEqual(['kept.varve'])
  expect((await open(passphrase)).fleet).toMatch(/^[0-9a-f]{32}$/u)
  const sealed = await readFile(to)
  expect(sealed.includes('inventory.sqlite')).toBe(false)
})

test('what is there is replaced only where that is asked for', async () => {
  const folder = await own()
  const to = join(folder, 'kept.varve')
  await writeFile(to, 'something else')
  await expect(back(to)).rejects.toMatchObject({ code: 'target-exists' })
  expect(await readFile(to, 'utf8')).toBe('something else')
  await back(to, { overwrite: true })
  expect((await readFile(to, 'latin1')).startsWith('age-encryption.org/v1\n')).toBe(true)
  expect(await readdir(folder)).toEqual(['kept.varve'])
})

test.each([
  ['in the data folder', () => join(data, 'kept.varve'), 'it lies in the data folder'],
  ['in a folder of it', () => join(data, 'manifests/kept.varve'), 'it lies in the data folder'],
  ['nowhere', () => place.file('nothing/kept.varve'), 'does not exist'],
])('a backup that would lie %s is refused', async (_, to, reason) => {
  await expect(back(to())).rejects.toThrow(reason)
})

test('a folder that is none of a controller is refused', async () => {
  const folder = await own()
  await expect(back(place.file('none.varve'), { data: folder })).rejects.toThrow('it lacks inventory.sqlite')
  await expect(back(place.file('none.varve'), { data: join(folder, 'x') })).rejects.toMatchObject({
    code: 'not-readable',
  })
})

test('files of others are told, and left out', async () => {
  const copy = await copyOfData()
  await writeFile(join(copy, 'notes of mine.txt'), '')
  await mkdir(join(copy, 'releases'))
  await mkdir(join(copy, 'manifests/deep'))
  const { leftOut, facts } = await back(join(dirname(copy), 'kept.varve'), { data: copy })
  expect(leftOut).toEqual(['notes of mine.txt', 'releases', 'manifests/deep'])
  expect(facts.parts.map(({ name }) => name)).not.toContain('notes of mine.txt')
})

test('links in a data folder are followed, as the controller follows them', async () => {
  const copy = await copyOfData()
  for (const name of ['secrets.key', 'inventory.sqlite', 'manifests']) {
    await rename(join(copy, name), join(dirname(copy), name))
    await symlink(join(dirname(copy), name), join(copy, name))
  }
  const to = join(dirname(copy), 'kept.varve')
  const { facts, leftOut } = await back(to, { data: copy })
  expect([leftOut, facts.parts.length]).toEqual([[], 7])
  await restore(to, join(dirname(copy), 'restored'))
  for (const name of ['secrets.key', 'inventory.sqlite', 'manifests'])
    expect((await lstat(join(dirname(copy), 'restored', name))).isSymbolicLink()).toBe(false)
})

test('what a killed controller had only in its logs of writes is in the backup', async () => {
  const copy = await copyOfData()
  const path = join(copy, 'inventory.sqlite')
  const writer = new Database(path)
  writer.pragma('wal_autocheckpoint = 0')
  writer.exec('CREATE TABLE late (a); INSERT INTO late VALUES (42)')
  const killed = join(dirname(copy), 'killed')
  await cp(copy, killed, { recursive: true })
  writer.close()
  await rm(join(killed, 'inventory.sqlite-shm'), { force: true })
  const to = join(dirname(copy), 'kept.varve')
  await back(to, { data: killed })
  await restore(to, join(dirname(copy), 'restored'))
  const restored = new Database(join(dirname(copy), 'restored/inventory.sqlite'))
  expect(restored.prepare('SELECT a FROM late').pluck().get()).toBe(42)
  restored.close()
})

test('of a damaged database no backup is made', async () => {
  const copy = await copyOfData()
  const path = join(copy, 'inventory.sqlite')
  const bytes = await readFile(path)
  bytes.fill(0x5a, 4096 * 3, 4096 * 40)
  await writeFile(path, bytes)
  await expect(back(join(dirname(copy), 'kept.varve'), { data: copy })).rejects.toThrow(
    /inventory\.sqlite.*damaged/u,
  )
  expect(await readdir(dirname(copy))).toEqual(['data'])
  expect(await readdir(copy)).not.toContain('.backup')
})

test('two backups of one folder at a time are one too many; what a killed one left goes', async () => {
  const copy = await copyOfData()
  await mkdir(join(copy, '.backup/copies'), { recursive: true })
  await writeFile(join(copy, '.backup/copies/inventory.sqlite'), 'of a killed one')
  const to = (name: string) => join(dirname(copy), name)
  const ends = await Promise.allSettled([
    back(to('a.varve'), { data: copy }),
    back(to('b.varve'), { data: copy }),
  ])
  const refused = ends.filter(({ status }) => status === 'rejected')
  expect(refused).toMatchObject([{ reason: { details: { reason: 'another backup is being made of it' } } }])
  expect(await readdir(copy)).not.toContain('.backup')
})

test.each(['copy', 'write', 'prove'] as const)('interrupted at %s it leaves nothing', async (at) => {
  const copy = await copyOfData()
  const abort = new AbortController()
  const to = join(dirname(copy), 'kept.varve')
  const onStage = (stage: string) => stage === at && abort.abort()
  await expect(back(to, { data: copy, signal: abort.signal, onStage })).rejects.toThrow()
  expect(await readdir(dirname(copy))).toEqual(['data'])
  expect(await readdir(copy)).not.toContain('.backup')
})

test('a key that is none is refused before anything is done', async () => {
  const key = { kind: 'recipients', recipients: ['age1nothing'] } as const
  await expect(back(place.file('none.varve'), { key })).rejects.toThrow('it is no public key of age')
})

describe('a database that is written to', () => {
  test('copies are of one instant of all, and whole', async () => {
    const folder = await own()
    const names = ['first.sqlite', 'second.sqlite'] as const
    const paths = names.map((name) => join(folder, name))
    for (const path of paths) {
      const database = new Database(path)
      database.pragma('journal_mode = WAL')
      database.exec('CREATE TABLE counts (n INTEGER PRIMARY KEY, filler BLOB)')
      database.close()
    }
    const writer = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads')
       const Database = require(workerData.module)
       const [first, second] = workerData.paths.map((path) => new Database(path))
       for (const one of [first, second]) one.pragma('synchronous = OFF')
       const [add, follow] = [first, second].map((one) =>
         one.prepare('INSERT INTO counts (filler) VALUES (randomblob(2000))'))
       let going = true
       parentPort.on('message', () => { going = false })
       const turn = () => {
         for (let i = 0; i < 20; i += 1) { add.run(); follow.run() }
         if (going) setImmediate(turn)
         else { first.close(); second.close(); parentPort.close() }
       }
       turn()
       parentPort.postMessage('goes')`,
      {
        eval: true,
        workerData: { paths, module: join(root, 'packages/controller/node_modules/better-sqlite3') },
      },
    )
    await once(writer, 'message')
    const counts: number[] = []
    try {
      for (let round = 0; round < 6; round += 1) {
        const to = join(folder, `copies-${round}`)
        await mkdir(to)
        await copyDatabases(paths, { to, signal, now: Date.now })
        const [first = 0, second = 0] = names.map((name) => {
          const copy = new Database(join(to, name), { readonly: true })
          const row = copy.prepare('SELECT COUNT(*) AS n, MAX(n) AS newest FROM counts').get() as {
            n: number
            newest: number | null
          }
          copy.close()
          expect(row.newest ?? 0).toBe(row.n)
          return row.n
        })
        expect([0, 1]).toContain(first - second)
        counts.push(first)
      }
    } finally {
      writer.postMessage('end')
      await once(writer, 'exit')
    }
    expect(counts).toEqual([...counts].sort((a, b) => a - b))
    expect(counts.at(-1)).toBeGreaterThan(counts[0] ?? 0)
  })

  test('one without a log of writes is not read: its writers would wait', async () => {
    const folder = await own()
    const path = join(folder, 'old.sqlite')
    new Database(path).exec('CREATE TABLE t (a)').close()
    await mkdir(join(folder, 'to'))
    await expect(copyDatabases([path], { to: join(folder, 'to'), signal, now: Date.now })).rejects.toThrow(
      'its journal is of the kind delete',
    )
  })
})

/** An archive that somebody made by hand: what it says of itself, and what is in it. */
interface Forged {
  readonly facts?: (facts: BackupFacts) => unknown
  readonly entries?: (entries: ForgedEntry[]) => ForgedEntry[]
  readonly packed?: (bytes: Buffer) => Buffer
}
interface ForgedEntry {
  readonly header: TarHeader
  readonly body?: Uint8Array
}

const contents = new Map(
  ['inventory.sqlite', 'workflows.sqlite', 'trust.sqlite', 'secrets.key', 'manifests/x'].map((name) => [
    name,
    Buffer.from(`bytes of ${name}`),
  ]),
)

const honest = (): BackupFacts => ({
  format: 1,
  id: '3f2c8d8e-1111-4222-8333-444455556666',
  version: '0.1.0',
  at: '2026-11-30T06:00:00.000Z',
  fleet: 'f'.repeat(32),
  hosts: 0,
  openRuns: [],
  parts: Array.from(contents, ([name, bytes]) => ({ name, size: bytes.length, sha256: sumOf(bytes) })),
})

async function forge(file: string, { facts, entries, packed }: Forged): Promise<void> {
  const said = Buffer.from(JSON.stringify(facts ? facts(honest()) : honest()))
  const file0 = (name: string, body: Uint8Array): ForgedEntry => ({
    header: { name, size: body.length },
    body,
  })
  const usual = [
    file0('varve-backup.json', said),
    ...Array.from(contents, ([name, bytes]) => file0(name, bytes)),
  ]
  const tar = gzipSync(await packTar(entries ? entries(usual) : usual))
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipient)
  await writeFile(file, await encrypter.encrypt(packed ? packed(tar) : tar))
}

const withPart =
  (name: string, change: object = {}) =>
  (facts: BackupFacts) => ({
    ...facts,
    parts: [...facts.parts, { name, size: 1, sha256: '0'.repeat(64), ...change }],
  })
const renamed = (from: string, to: Partial<TarHeader>) => (entries: ForgedEntry[]) =>
  entries.map(({ header, body }): ForgedEntry => {
    if (header.name !== from) return { header, ...(body && { body }) }
    return { header: { ...header, ...to }, ...(body && to.type === undefined && { body }) }
  })

const forgeries: readonly (readonly [what: string, forged: Forged, says: RegExp])[] = [
  ['a path that climbs', { facts: withPart('../evil') }, /no name of a file in a data folder/u],
  ['a path that climbs within', { facts: withPart('manifests/../../evil') }, /no name of a file/u],
  ['an absolute path', { facts: withPart('/etc/cron.d/evil') }, /no name of a file/u],
  ['a path of Windows', { facts: withPart(String.raw`C:\evil`) }, /no name of a file/u],
  ['a stream of NTFS', { facts: withPart('a:b') }, /no name of a file/u],
  ['a hidden name', { facts: withPart('.ssh/authorized_keys') }, /no name of a file/u],
  ['a line break in a name', { facts: withPart('a\nb') }, /no name of a file/u],
  ['a name twice', { facts: withPart('secrets.key') }, /two parts have one name/u],
  ['a name twice where case does not matter', { facts: withPart('SECRETS.key') }, /two parts have one name/u],
  ['a negative size', { facts: withPart('more', { size: -1 }) }, /not as it should be at parts/u],
  [
    'the path of another entry than was said',
    { entries: renamed('secrets.key', { name: '../../evil' }) },
    /where secrets\.key should be/u,
  ],
  [
    'a symbolic link',
    { entries: renamed('secrets.key', { type: 'symlink', linkname: '/etc/shadow', size: 0 }) },
    /where secrets\.key should be/u,
  ],
  [
    'a hard link',
    { entries: renamed('secrets.key', { type: 'link', linkname: '/etc/shadow', size: 0 }) },
    /where secrets\.key should be/u,
  ],
  [
    'a device',
    { entries: renamed('secrets.key', { type: 'character-device', size: 0 }) },
    /where secrets\.key should be/u,
  ],
  [
    'more bytes than it says',
    {
      entries: (all) =>
        all.map((one) =>
          one.header.name === 'secrets.key'
            ? { header: { ...one.header, size: 2 ** 20 }, body: new Uint8Array(2 ** 20) }
            : one,
        ),
    },
    /where secrets\.key should be/u,
  ],
  ['less than it says', { entries: (all) => all.slice(0, -1) }, /manifests\/x is not in it/u],
  [
    'more than it says',
    { entries: (all) => [...all, { header: { name: 'evil', size: 4 }, body: Buffer.from('evil') }] },
    /more in it than it says/u,
  ],
  [
    'parts in another order',
    { entries: ([first, ...all]) => [first!, ...all.reverse()] },
    /where .* should be/u,
  ],
  [
    'other bytes than it says',
    {
      entries: (all) =>
        all.map((one) =>
          one.header.name === 'secrets.key' ? { ...one, body: Buffer.alloc(one.header.size, 'x') } : one,
        ),
    },
    /the bytes of secrets\.key are not those/u,
  ],
  [
    'a later version of Varve',
    { facts: (facts) => ({ ...facts, version: '0.10.0' }) },
    /made by Varve 0\.10\.0/u,
  ],
  ['a later format', { facts: (facts) => ({ ...facts, format: 2, parts: 'otherwise' }) }, /made by Varve/u],
  [
    'no keys',
    { facts: (facts) => ({ ...facts, parts: facts.parts.filter(({ name }) => name !== 'secrets.key') }) },
    /it lacks secrets\.key/u,
  ],
  ['nothing of itself', { entries: (all) => all.slice(1) }, /no backup of a controller/u],
  [
    'no JSON',
    {
      entries: (all) => [
        { header: { name: 'varve-backup.json', size: 3 }, body: Buffer.from('{{{') },
        ...all.slice(1),
      ],
    },
    /is no JSON/u,
  ],
  ['no archive', { packed: () => gzipSync(randomBytes(4096)) }, /changed or cut short/u],
  ['nothing', { packed: () => gzipSync('') }, /changed or cut short/u],
  ['no packed bytes', { packed: () => randomBytes(4096) }, /changed or cut short/u],
  ['packed bytes that end early', { packed: (bytes) => bytes.subarray(0, -30) }, /changed or cut short/u],
  ['more room than there is', { facts: withPart('more', { size: 2 ** 52 }) }, /are needed and/u],
  ['what is no database', {}, /is no database of a controller/u],
]

test.each(forgeries)('a backup with %s is refused, and nothing of it is left', async (_, forged, says) => {
  const folder = await own()
  await forge(join(folder, 'forged.varve'), forged)
  await expect(restore(join(folder, 'forged.varve'), join(folder, 'data'))).rejects.toThrow(says)
  expect(await readdir(folder)).toEqual(['forged.varve'])
  await mkdir(join(folder, 'data'))
  await expect(restore(join(folder, 'forged.varve'), join(folder, 'data'))).rejects.toThrow(says)
  expect(await readdir(folder)).toEqual(['data', 'forged.varve'])
  expect(await readdir(join(folder, 'data'))).toEqual([])
})

describe('a backup that was changed', () => {
  let kept: Buffer
  beforeAll(async () => {
    const to = join(await own(), 'kept.varve')
    await back(to)
    kept = await readFile(to)
  })

  async function refusedWith(bytes: Uint8Array): Promise<string> {
    const folder = await own()
    await writeFile(join(folder, 'kept.varve'), bytes)
    const reason = await restore(join(folder, 'kept.varve'), join(folder, 'data')).then(
      () => 'it was restored',
      (error: unknown) =>
        error instanceof Error ? `${'code' in error ? String(error.code) : 'uncoded'}: ${error.message}` : '',
    )
    expect(await readdir(folder)).toEqual(['kept.varve'])
    return reason
  }

  test('at any byte is refused', async () => {
    const steps = Math.floor(kept.length / 60)
    const places = [
      0,
      25,
      60,
      150,
      200,
      240,
      ...Array.from({ length: 60 }, (_, index) => index * steps),
      kept.length - 1,
    ]
    for (const at of places) {
      const bytes = Buffer.from(kept)
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      expect([at, await refusedWith(bytes)]).toEqual([at, expect.stringMatching(/^refused: /u)])
    }
  })

  test('by being cut, or by having more at its end, is refused', async () => {
    const whole = 64 * 1024 + 16
    const header = kept.indexOf('\n--- ') + 5 + 43 + 1 + 16
    for (const end of [0, 10, 100, header, header + whole, kept.length - 1])
      expect([end, await refusedWith(kept.subarray(0, Math.min(end, kept.length - 1)))]).toEqual([
        end,
        expect.stringMatching(/^refused: /u),
      ])
    expect(await refusedWith(Buffer.concat([kept, Buffer.from([0])]))).toMatch(/changed or cut short/u)
    expect(await refusedWith(Buffer.concat([kept, kept]))).toMatch(/changed or cut short/u)
  })

  test('of somebody else’s key is refused', async () => {
    const folder = await own()
    await writeFile(join(folder, 'kept.varve'), kept)
    const other = await generateIdentity()
    await expect(restore(join(folder, 'kept.varve'), join(folder, 'data'), [other])).rejects.toThrow(
      'the passphrase or the key is another one',
    )
  })

  test('into something that is none is refused without being read as a whole', async () => {
    const folder = await own()
    const file = join(folder, 'kept.varve')
    await writeFile(file, 'age-encryption.org/v1\n')
    await truncate(file, 8 * 2 ** 30)
    const began = performance.now()
    await expect(restore(file, join(folder, 'data'))).rejects.toThrow('it is no backup of a controller')
    expect(performance.now() - began).toBeLessThan(2000)
    await expect(restore(folder, join(folder, 'data'))).rejects.toThrow('it is no backup of a controller')
    await expect(restore(join(folder, 'none'), join(folder, 'data'))).rejects.toMatchObject({
      code: 'not-found',
    })
  })
})

test('a backup is restored where nothing is', async () => {
  const folder = await own()
  const kept = join(folder, 'kept.varve')
  await back(kept)
  const target = join(folder, 'data')
  await mkdir(target)
  await writeFile(join(target, 'mine'), 'mine')
  await expect(restore(kept, target)).rejects.toThrow('it is not empty')
  await rm(join(target, 'mine'))
  const lock = openDataFolder(target)
  await expect(restore(kept, target)).rejects.toThrow('a controller runs on it')
  lock.release()
  await rm(target, { recursive: true })
  await writeFile(target, '')
  await expect(restore(kept, target)).rejects.toThrow('it is no folder')
  await rm(target)
  await expect(restore(kept, join(folder, 'none/data'))).rejects.toMatchObject({ code: 'folder-missing' })
  await mkdir(target)
  await restore(kept, target)
  expect((await readdir(folder)).sort()).toEqual(['data', 'kept.varve'])
})

test('databases of a later controller are refused', async () => {
  const copy = await copyOfData()
  const database = new Database(join(copy, 'trust.sqlite'))
  database.prepare('UPDATE __drizzle_migrations SET created_at = created_at + 1').run()
  database.close()
  const folder = dirname(copy)
  await back(join(folder, 'kept.varve'), { data: copy })
  await expect(restore(join(folder, 'kept.varve'), join(folder, 'restored'))).rejects.toThrow(
    'trust.sqlite in it is of a later controller',
  )
  expect((await readdir(folder)).sort()).toEqual(['data', 'kept.varve'])
})

test('a mark that is damaged is not passed over', async () => {
  const folder = await own()
  await writeFile(join(folder, 'restored.json'), '{')
  expect(() => readRestoredMark(folder)).toThrow('it is damaged')
})

test('versions are compared by their numbers', () => {
  for (const [version, own, is] of [
    ['0.1.0', '0.1.0', false],
    ['0.1.1', '0.1.0', true],
    ['0.10.0', '0.9.9', true],
    ['1.0.0', '0.99.99', true],
    ['0.1.0-rc.1', '0.1.0', false],
    ['0.0.9', '0.1.0', false],
  ] as const)
    expect([version, own, isNewer(version, own)]).toEqual([version, own, is])
})

test.each([
  ['inventory.sqlite', true],
  [`manifests/${'a'.repeat(64)}`, true],
  ['a/b/c', false],
  ['..', false],
  ['', false],
  ['a/', false],
  ['varve-backup.json', false],
  ['VARVE-backup.json', false],
])('as the name of a part, %s', (name, may) => {
  expect(isPartName(name)).toBe(may)
})
