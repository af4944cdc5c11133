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
  /** Commands that only ask, as `list hdds`. */
  readonly asks?: readonly string[]
  /** What the tool answers. */
  readonly answer: ExitedTool | ((folder: string) => ExitedTool)
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
  'write-by-tool': {
    input: (folder) => ({
      tool: 'vboxmanage',
      source: { path: image(folder), format: 'vdi' },
      image: {
        target: `${folder}/-it's "a $(disk).vmdk`,
        staging: 's',
        format: 'vmdk',
        subformat: 'twoGbMaxExtentFlat',
      },
    }),
    asks: ['list hdds'],
    answer: { stdout: '' },
  },
  'examine-by-tool': {
    input: (folder) => ({ tool: 'qemu-img', image: { path: image(folder), format: 'qcow2' } }),
    answer: { stdout: '{"check-errors": 0}' },
  },
  'forget-media': {
    input: (folder) => ({
      image: { target: `${folder}/a.vmdk`, staging: 's', format: 'vmdk', subformat: null },
      media: [],
    }),
    asks: ['list hdds'],
    answer: (folder) => ({
      stdout: `UUID: 37ef6965-0000-4159-861a-d1c64d9c060f\nLocation: ${folder}/.a.vmdk.s-tool.part/a.vmdk\n`,
    }),
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
  const { answer, asks = [] } = sample
  const tools = recordingTools(typeof answer === 'function' ? answer(place.path) : answer)
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
  const done = tools.commands.filter(({ argv }) => !asks.includes(argv.slice(1).join(' ')))
  expect(done).toEqual([{ argv: shown.argv, stdin: shown.stdin }])
  expect(adapter.tools).toContain(shown.argv[0])
})
