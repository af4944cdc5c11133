import type { ImageRow } from '@varve/protocol/images'
import { expect, test } from 'vitest'
import { batchNames, collidingIds, type NamingOptions } from './batch-names.ts'

const row = (id: string, name: string, host = 'north') => ({ id, name, host }) as ImageRow
const options: NamingOptions = { format: 'qcow2', written: new Map(), taken: new Set() }
const namesOf = (rows: readonly ImageRow[], change: Partial<NamingOptions> = {}) => [
  ...batchNames(rows, { ...options, ...change }).values(),
]

test('each gets its own name with the ending of the format', () => {
  expect(namesOf([row('a', 'vm/web.vmdk'), row('b', 'db.img')])).toEqual(['web.qcow2', 'db.qcow2'])
})

test('what would be one file is told apart by its host, then by a number', () => {
  const rows = [row('a', 'web.vmdk'), row('b', 'web.img', 'south'), row('c', 'old/Web.vdi')]
  expect(namesOf(rows)).toEqual(['web-north.qcow2', 'web-south.qcow2', 'Web-north-2.qcow2'])
})

test('names that the target has are left alone', () => {
  const taken = new Set(['web.qcow2', 'WEB-2.qcow2'])
  expect(namesOf([row('a', 'web.vmdk')], { taken })).toEqual(['web-3.qcow2'])
})

test('what somebody wrote stays, and others make room for it', () => {
  const written = new Map([['b', 'web.qcow2']])
  expect(namesOf([row('a', 'web.vmdk'), row('b', 'db.img')], { written })).toEqual([
    'web-2.qcow2',
    'web.qcow2',
  ])
})

test('two that were written alike are said to collide', () => {
  const written = new Map([
    ['a', 'x.qcow2'],
    ['b', 'X.qcow2'],
  ])
  const names = batchNames([row('a', 'a.img'), row('b', 'b.img'), row('c', 'c.img')], { ...options, written })
  expect([...collidingIds(names)]).toEqual(['a', 'b'])
})

test('a hundred of one name are a hundred names', () => {
  const rows = Array.from({ length: 100 }, (_, at) => row(`i${at}`, `d${at}/disk.vmdk`))
  expect(new Set(namesOf(rows)).size).toBe(100)
})
