import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ImageQuery } from '@varve/protocol/images'
import { openDatabase, write } from '../src/store/database.ts'
import { saveHost } from '../src/store/hosts-store.ts'
import { createImageLists } from '../src/store/images-list.ts'
import { saveImage } from '../src/store/save-images.ts'
import { sampleFacts, sampleRecord } from '../src/testing/samples.ts'

// By hand: node bench/list-images.ts [images] [file]. Prints milliseconds of list queries over that many images.
const count = Number(process.argv[2] ?? 100_000)
const kept = process.argv[3]
const path = kept ?? join(tmpdir(), `varve-bench-${process.pid}.sqlite`)
const db = openDatabase(path)
const formats = ['raw', 'qcow2', 'vmdk', 'vhdx'] as const
const roles = ['web', 'db', 'build', 'mail', 'cache', 'desktop'] as const
const problem = {
  id: 'filesystem-dirty',
  severity: 'warn',
  layer: 'L6',
  file: null,
  message: 'm',
  remedy: 'r',
} as const

const hosts = Array.from({ length: 20 }, (_, index) => `host-${index}`)
const started = performance.now()
for (const name of hosts) {
  write(db, (tx) =>
    saveHost(
      tx,
      { name, instance: 'bench-1', session: name },
      { facts: sampleFacts(name), at: new Date().toISOString() },
    ),
  )
}
const present = db.$client.prepare('SELECT count(*) AS count FROM images').get() as { count: number }
for (let first = present.count; first < count; first += 1000) {
  write(db, (tx) => {
    for (let index = first; index < Math.min(count, first + 1000); index += 1) {
      const host = hosts[index % hosts.length] ?? ''
      const format = formats[(index * 7) % formats.length] ?? 'raw'
      const name = `${roles[(index * 13) % roles.length]}/${roles[(index * 5) % roles.length]}${(index * 7919) % count}.${format}`
      saveImage(tx, host, {
        ...sampleRecord(host, name, {
          format,
          virtualSize: ((index * 104_729) % 10_000) * 1024 ** 2,
          allocated: ((index * 1299) % 7000) * 1024 ** 2,
          reclaimable: index % 3 === 0 ? (index % 1000) * 1024 ** 2 : null,
          problems: index % 5 === 0 ? [problem] : [],
        }),
        modifiedAt: new Date(1.7e12 + index * 1000).toISOString(),
      })
    }
  })
}
const insertMs = performance.now() - started
const lists = createImageLists(db)
const queries: readonly (readonly [string, ImageQuery])[] = [
  ['all by name', {}],
  ...(
    [
      'host',
      'format',
      'virtualSize',
      'allocated',
      'reclaimable',
      'findings',
      'modifiedAt',
      'provenAt',
    ] as const
  ).flatMap((sort) =>
    (['asc', 'desc'] as const).map((direction) => [`by ${sort} ${direction}`, { sort, direction }] as const),
  ),
  ['page in the middle', { offset: Math.floor(count / 2) }],
  ['last page by virtualSize', { sort: 'virtualSize', offset: count - 100 }],
  ['search w', { search: 'w' }],
  ['search we', { search: 'we' }],
  ['search web', { search: 'web' }],
  ['search web by virtualSize desc', { search: 'web', sort: 'virtualSize', direction: 'desc' }],
  ['search web1234', { search: 'web1234' }],
  ['search nothing', { search: 'nothing-like-this' }],
  ['host', { host: 'host-3' }],
  ['host by allocated', { host: 'host-3', sort: 'allocated', direction: 'desc' }],
  ['host and search', { host: 'host-3', search: 'mail' }],
  ['format', { format: 'vhdx' }],
  ['format by virtualSize', { format: 'vhdx', sort: 'virtualSize' }],
  ['findings', { findings: 'warn' }],
  ['findings by name', { findings: 'warn', sort: 'name' }],
  ['problem', { problem: 'filesystem-dirty' }],
  ['problem by modifiedAt', { problem: 'filesystem-dirty', sort: 'modifiedAt' }],
]
process.stdout.write(`${count} images saved in ${(insertMs / 1000).toFixed(1)} s\n`)
for (const [name, query] of queries) {
  const parsed = ImageQuery.parse(query)
  lists.changed()
  const cold = measure(() => lists.list(parsed))
  const warm = measure(() => lists.list(parsed))
  process.stdout.write(
    `${name.padEnd(34)} count+page ${cold.ms.toFixed(1).padStart(7)} ms   page ${warm.ms.toFixed(1).padStart(7)} ms   ${cold.total}\n`,
  )
}
db.$client.close()
if (kept === undefined) for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })

function measure(run: () => { total: number }): { ms: number; total: number } {
  const at = performance.now()
  const { total } = run()
  return { ms: performance.now() - at, total }
}
