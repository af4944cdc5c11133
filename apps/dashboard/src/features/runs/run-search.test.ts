import { expect, test } from 'vitest'
import type { RunLine } from './run-line.ts'
import { runChoices, searchRuns, toRunSearch, type RunSearch } from './run-search.ts'

const line = (number: number, state: RunLine['state'], change: Partial<RunLine> = {}): RunLine => ({
  kind: 'migration',
  id: String(number),
  number,
  operation: 'migrate',
  summary: 'web01.vmdk to south',
  hosts: ['north', 'south'],
  state,
  isOpen: state === 'running' || state === 'waiting',
  waitsFor: null,
  startedAt: `2026-01-0${number}T00:00:00Z`,
  finishedAt: null,
  share: null,
  told: '',
  keywords: 'qcow2',
  ...change,
})

const all = [
  line(4, 'failed'),
  line(3, 'succeeded', { summary: 'db.img to east', hosts: ['north', 'east'], keywords: 'raw' }),
  line(2, 'running'),
  line(1, 'canceled', { summary: 'mail.vdi to south', hosts: ['west', 'south'] }),
  line(5, 'undone', { kind: 'run', operation: 'clone', summary: 'Clone x.raw', hosts: ['home'] }),
]
const found = (search: RunSearch) => searchRuns(all, search).map(({ number }) => number)

test('what runs comes first, then the newest', () => {
  expect(found({})).toEqual([2, 5, 4, 3, 1])
})

test.each([
  [{ state: 'open' }, [2]],
  [{ state: 'ended' }, [5, 4, 3, 1]],
  [{ state: 'failed' }, [4]],
  [{ host: 'east' }, [3]],
  [{ host: 'west' }, [1]],
  [{ operation: 'clone' }, [5]],
  [{ q: 'raw', operation: 'migrate' }, [3]],
  [{ q: 'WEB01.VMDK south' }, [2, 4]],
  [{ q: '3' }, [3]],
  [{ q: 'nothing' }, []],
] as const)('%j leaves %j', (search, numbers) => {
  expect(found(search)).toEqual(numbers)
})

test('a URL that means nothing is the whole list; what a list of migrations said still means the same', () => {
  expect(toRunSearch({ state: 'odd', q: '', host: 7, operation: ['x'] })).toEqual({ host: '7' })
  expect(toRunSearch({ state: 'active', q: 12 })).toEqual({ state: 'open', q: '12' })
})

test('the choices are those that there are', () => {
  expect(runChoices(all)).toEqual({
    hosts: ['east', 'home', 'north', 'south', 'west'],
    operations: ['clone', 'migrate'],
  })
})
