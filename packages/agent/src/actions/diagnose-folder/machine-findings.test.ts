import { writeFile } from 'node:fs/promises'
import type { HyperVMachine } from '@varve/protocol/machines'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { machineFindings } from './machine-findings.ts'

const now = Date.parse('2026-11-30T00:00:00Z')
const off = { kind: null, isAutomatic: true, isMerging: false, current: null, all: [] }

function machineWith(paths: readonly string[], checkpoints: Partial<HyperVMachine['checkpoints']> = {}) {
  const drives = paths.map((path, location) => ({ path, controller: 'SCSI', number: 0, location }))
  return {
    id: 'm',
    name: 'web',
    generation: 2,
    state: 'Off',
    drives,
    checkpoints: { ...off, ...checkpoints },
  }
}

const checkpoint = (name: string, madeAt: string, files: string[], isAutomatic = true) => ({
  id: name,
  name,
  type: 'Standard',
  isAutomatic,
  parent: null,
  madeAt,
  files,
})

test('files of checkpoints that no machine has, old automatic ones, and disks that are gone', async () => {
  await using place = await tempPlace()
  const [base, first, active, loose] = ['base.vhdx', '1.AVHDX', '2.avhdx', 'lost.avhdx'].map((name) =>
    place.file(name),
  )
  for (const path of [base, first, active, loose]) await writeFile(path ?? '', '')
  const machine = machineWith([active ?? '', place.file('gone.vhdx'), '/elsewhere/x.vhdx'], {
    all: [
      checkpoint('auto', '2026-11-01T00:00:00Z', [base ?? '']),
      checkpoint('new', '2026-11-29T00:00:00Z', []),
      checkpoint('kept', '2025-11-01T00:00:00Z', [], false),
    ],
  })
  const image = (path = '', ...parents: (string | undefined)[]) => ({
    path,
    parents: parents.map(String),
    modifiedMs: 0,
  })
  const images = [image(base), image(first, base), image(active, first, base), image(loose, base)]
  const look = async (told: 'told' | 'no-rights', machines = [machine]) =>
    machineFindings({ machines: async () => ({ told, machines }) }, { folder: place.path, images, now })
  expect((await look('told')).map(({ id, file }) => [id, file])).toEqual([
    ['disk-of-machine-missing', place.file('gone.vhdx')],
    ['checkpoint-without-machine', loose],
    ['automatic-checkpoint-old', active],
  ])
  expect((await look('told')).at(-1)).toMatchObject({
    message: expect.stringContaining('is 29 days old'),
    wish: { operation: 'snapshot-delete', request: { image: active, name: 'auto' } },
  })
  expect(await look('no-rights')).toEqual([])
  expect((await look('told', [])).map(({ file }) => file)).toEqual([first, active, loose])
})
