import { recordingTools, type ExitedTool } from '../testing/recording-tools.ts'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { WorkerPool } from '@varve/engine/run/worker-pool'
import { checkedCall } from '@varve/operations/actions/action-table'
import { expect, test } from 'vitest'
import { adapterTable } from './adapter-table.ts'
import type { ActionAdapter } from './adapter.ts'

interface Sample {
  /** Hostile where the tool takes a name. */
  readonly input: (folder: string) => unknown
  /** What the tool answers. */
  readonly answer: ExitedTool
}

/** A snapshot that is there. */
const kept = `it's "kept"`
const image = (folder: string) => `${folder}/-disk "one".qcow2`

/** Nothing is done by a tool that is only recorded, which the adapter may well notice. */
function ofSnapshot(name: string): Sample {
  return { input: (folder) => ({ path: image(folder), name }), answer: { stdout: '' } }
}

/** One input per action that is a tool; an action without one fails the test. */
const samples: Readonly<Record<string, Sample>> = {
  'repair-copy': {
    input: (folder) => ({
      copy: `${folder}/-it's "a\n$(disk)`,
      format: 'qcow2',
      what: 'all',
      name: `${folder}/a`,
    }),
    answer: { stdout: '{"check-errors": 0}' },
  },
  'apply-snapshot': ofSnapshot(kept),
  'create-snapshot': ofSnapshot('-a new "one"'),
  'delete-snapshot': ofSnapshot(kept),
}

const adapters = await Promise.all(
  Object.entries(adapterTable).map(async ([name, load]) => [name, await load()] as [string, ActionAdapter]),
)
const ofTools = adapters.filter(([, { tools }]) => tools.length > 0)

test('every action that is a tool has a sample here', () => {
  expect(ofTools.map(([name]) => name).sort()).toEqual(Object.keys(samples).sort())
})

test.skipIf(!requires('qemu-img')).each(ofTools)('what %s shows is what it runs', async (name, adapter) => {
  const sample = samples[name]
  if (!sample) throw new Error('it has no sample')
  await using place = await tempPlace()
  await using pool = new WorkerPool()
  const { input } = checkedCall({ action: name, input: sample.input(place.path) })
  const tools = recordingTools(sample.answer)
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', image(place.path), '1M'])
  await runToolOk('qemu-img', ['snapshot', '-c', kept, image(place.path)])
  const running = adapter.run(input, {
    ports: { roots: null, tools, pool, findWriters: null, stateFolder: place.path },
    signal: new AbortController().signal,
    onProgress: () => {},
  })
  await running.catch((error: unknown) =>
    expect(error).toMatchObject({ code: 'tool-failed', details: { exitCode: 0 } }),
  )
  const shown = adapter.command(input)
  expect(shown.native).toBeUndefined()
  expect(tools.commands).toEqual([{ argv: shown.argv, stdin: shown.stdin }])
  expect(adapter.tools).toContain(shown.argv[0])
})
