import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { afterEach, expect, test, vi } from 'vitest'
import { beginNote, readNotes, removeNote, writeNote } from './notes.ts'
import { windowsOver } from '../testing/windows-over.ts'

const image = String.raw`D:\vm\web.vhdx`
const note = { attachment: 'a1b2c3', image, by: 'hyper-v', isReadOnly: true } as const
const imagesIn = async (folder: string) => (await readNotes(folder)).map((one) => one.image)

afterEach(() => vi.useRealTimers())

test('what is damaged, foreign or of another image than its name says is passed over', async () => {
  await using place = await tempPlace()
  await writeNote(place.path, note)
  const [name = ''] = await readdir(place.path)
  const own = await readFile(join(place.path, name), 'utf8')
  const foreign: Record<string, string | Buffer> = {
    'a.json': own,
    'b.json': '',
    'c.json': '[[[',
    'd.json': JSON.stringify({ image: 7 }),
    'e.json': Buffer.from(own, 'utf16le'),
    'f.json': 'x'.repeat(1024 * 1024),
    'g.json.0.new': own,
  }
  for (const [file, text] of Object.entries(foreign)) await writeFile(place.file(file), text)
  expect(await imagesIn(place.path)).toEqual([image])
  await removeNote(place.path, { image: image.toUpperCase(), attachment: null })
  expect(await imagesIn(place.path)).toEqual([])
})

test.each([
  ['cut short', (text: string) => text.slice(0, 40)],
  ['of a boot long ago', (text: string) => text.replace(/"bootedAt":\d/u, '"bootedAt":-9')],
  ['of one that was up for longer', (text: string) => text.replace(/"upFor":/u, '"upFor":9999')],
  ['with a time that is none', (text: string) => text.replace(/"madeAt":"\d/u, '"madeAt":"\\u001b[2J')],
])('a note that is %s is none', async (_, change) => {
  await using place = await tempPlace()
  await writeNote(place.path, note)
  const [name = ''] = await readdir(place.path)
  await writeFile(place.file(name), change(await readFile(place.file(name), 'utf8')))
  expect(await readNotes(place.path)).toEqual([])
})

test('a clock that is set by minutes changes nothing, and several that write at once leave one whole note', async () => {
  await using place = await tempPlace()
  await Promise.all(Array.from({ length: 16 }, async () => writeNote(place.path, note)))
  expect(await readdir(place.path)).toHaveLength(1)
  vi.useFakeTimers({ now: Date.now() + 4 * 60_000, toFake: ['Date'] })
  expect(await imagesIn(place.path)).toEqual([image])
})

test('of several that begin at once one has the note, and does not take back what another has attached', async () => {
  await using place = await tempPlace()
  const began = await Promise.all(
    ['a', 'b', 'c', 'd', 'e', 'f'].map(async (attachment) => beginNote(place.path, { ...note, attachment })),
  )
  expect(began.filter(Boolean)).toHaveLength(1)
  expect(await readNotes(place.path)).toMatchObject([{ isPending: true }])
  expect(await readdir(place.path)).toHaveLength(1)
  await writeNote(place.path, { ...note, attachment: 'd4e5f6' })
  await removeNote(place.path, note)
  expect(await readNotes(place.path)).toMatchObject([{ isPending: false, attachment: 'd4e5f6' }])
  expect(await beginNote(place.path, note)).toBe(false)
})

test('what lies there and is no note of now is replaced by one that is begun', async () => {
  await using place = await tempPlace()
  await writeNote(place.path, note)
  const [name = ''] = await readdir(place.path)
  await writeFile(place.file(name), '{"image"')
  expect(await beginNote(place.path, note)).toBe(true)
  await removeNote(place.path, note)
  expect(await readdir(place.path)).toEqual([])
})

test('a folder that cannot be written to is a coded error', async () => {
  await using place = await tempPlace()
  await writeFile(place.file('file'), '')
  await expect(writeNote(place.file('file'), note)).rejects.toMatchObject({ name: 'DiskError' })
})

const disk = (path: string) => ({
  number: 3,
  path,
  size: 1,
  isReadOnly: true,
  isOffline: false,
  partitions: [],
})
const disksWith = (...paths: readonly string[]) =>
  windowsOver({ call: async () => ({ by: 'hyper-v', mayAttach: true, disks: paths.map(disk) }) })

test.each([
  String.raw`d:\VM\WEB.vhdx`,
  String.raw`\\?\D:\vm\web.vhdx`,
  'D:/vm/web.vhdx',
  String.raw`D:\vm\.\web.vhdx`,
])('a disk of %s is the one that was noted', async (path) => {
  await using place = await tempPlace()
  await writeNote(place.path, note)
  const { disks, gone } = await disksWith(path).disks(place.path)
  expect(disks).toMatchObject([{ image, note: { image } }])
  expect(gone).toEqual([])
})

test.each([
  'D:\\vm\\web.vhdx\u200F',
  'D:\\vm\\web.vhdx ',
  String.raw`\\nas\D$\vm\web.vhdx`,
  String.raw`E:\vm\web.vhdx`,
])('a disk of %j is another one', async (path) => {
  await using place = await tempPlace()
  await writeNote(place.path, note)
  const { disks, gone } = await disksWith(path).disks(place.path)
  expect(disks).toMatchObject([{ note: null }])
  expect(gone).toMatchObject([{ image }])
})

test('disks of a share and of a cluster volume are told by their names', async () => {
  const { disks } = await disksWith(
    String.raw`\\?\UNC\nas\vm\x.vhdx`,
    String.raw`C:\ClusterStorage\Volume1\y.vhdx`,
  ).disks(null)
  expect(disks.map((one) => one.image)).toEqual([
    String.raw`\\nas\vm\x.vhdx`,
    String.raw`C:\ClusterStorage\Volume1\y.vhdx`,
  ])
})

test('a host that tells nonsense is told as that', async () => {
  const machine = { id: 'no guid', name: 7, generation: 'two' }
  const host = windowsOver({ call: async () => ({ told: 'told', machines: [machine, machine] }) })
  await expect(host.machines()).rejects.toMatchObject({ code: 'tool-failed', file: 'get-machines.ps1' })
  await expect(disksWith('').disks(null)).rejects.toMatchObject({
    code: 'tool-failed',
    file: 'get-disks.ps1',
  })
})
