import { layerNumbers } from '@varve/core/problems/layer-number'
import { samplePlan } from '@varve/operations/testing/sample-plan'
import type { Subject } from '@varve/operations/plans/plan'
import { beforeEach, expect, test } from 'vitest'
import { sampleRecord } from '../testing/samples.ts'
import { openDatabase, type Db } from './database.ts'
import { imageIdOf } from './image-id.ts'
import { removeImage } from './images-store.ts'
import { runImagesOf } from './run-images-store.ts'
import { addRun, forgetRun } from './runs-store.ts'
import { saveProof } from './proofs-store.ts'
import { saveImage } from './save-images.ts'

const digest = 'ab'.repeat(32)
const at = (name: string) => ({ host: 'north', path: `/srv/north/${name}` })
let db: Db

beforeEach(() => {
  db = openDatabase(':memory:')
})

function begin(id: string, subjects: readonly Subject[]): void {
  const plan = { ...samplePlan({ host: 'north' }), subjects: [...subjects] }
  const { operation, summary, estimate } = plan
  addRun(db, {
    id,
    idempotencyKey: `key-${id}`,
    plan: { kind: 'plan', operation, summary, steps: [], warnings: [], estimate },
    first: { event: 'created', at: '2026-01-01T00:00:00.000Z', run: id, request: {}, accepted: [], plan },
  })
}

function prove(name: string, takenAt: string): void {
  saveProof(db, { imageId: imageIdOf('north', 'images', name), digest, virtualSize: 64, takenAt })
}

test('a new image was not there before, and is compared with the one whose disk it has', () => {
  saveImage(db, 'north', sampleRecord('north', 'a.vmdk'))
  prove('a.vmdk', '2026-01-03T00:00:00.000Z')
  begin('one', [{ ...at('b.qcow2'), from: at('a.vmdk') }])
  expect(runImagesOf(db, 'one')).toMatchObject([
    {
      ...at('b.qcow2'),
      image: null,
      before: null,
      after: null,
      from: { ...at('a.vmdk'), shape: { format: 'vmdk', digest, dataBytes: 16 * 2 ** 20 } },
    },
  ])
  saveImage(db, 'north', sampleRecord('north', 'b.qcow2', { format: 'qcow2', subformat: null }))
  expect(runImagesOf(db, 'one')).toMatchObject([
    {
      image: imageIdOf('north', 'images', 'b.qcow2'),
      before: null,
      after: { format: 'qcow2' },
      from: { image: imageIdOf('north', 'images', 'a.vmdk') },
    },
  ])
})

test('what was written to an image since it was proven is not proven', () => {
  saveImage(db, 'north', sampleRecord('north', 'a.vmdk'))
  prove('a.vmdk', '2026-01-02T03:04:04.000Z')
  begin('one', [at('a.vmdk')])
  expect(runImagesOf(db, 'one')).toMatchObject([
    { before: { digest: null, modifiedAt: '2026-01-02T03:04:05.000Z' } },
  ])
})

test('what became larger in the guest is told by its size', () => {
  const layers = layerNumbers.map((layer) => {
    const summary = { L4: 'GPT', L6: 'ext4 · clean' }[String(layer)] ?? ''
    const sure = summary === '' ? ('none' as const) : ('read' as const)
    return { layer, sure, summary, parts: [], notes: [], bands: [] }
  })
  const partition = {
    start: 2 ** 20,
    type: '0x83',
    typeName: 'Linux',
    name: null,
    uuid: null,
    bootable: false,
  }
  const withLength = (length: number) => ({
    layers,
    guest: {
      table: {
        kind: 'gpt' as const,
        sure: 'consistent' as const,
        sectorSize: 512,
        id: null,
        partitions: [{ ...partition, index: 2, length, role: 'primary' as const }],
        notes: [],
      },
      volumes: [],
      filesystems: [
        {
          start: 2 ** 20,
          length,
          type: 'ext4',
          sure: 'consistent' as const,
          label: 'root',
          uuid: null,
          size: length,
          used: null,
          free: null,
          blockSize: 4096,
          state: 'clean' as const,
          notes: [],
          freeByRegion: [],
        },
      ],
      problems: [],
    },
  })
  saveImage(db, 'north', sampleRecord('north', 'a.vmdk', withLength(2 ** 30)))
  begin('one', [at('a.vmdk')])
  saveImage(db, 'north', sampleRecord('north', 'a.vmdk', withLength(3 * 2 ** 30)))
  expect(runImagesOf(db, 'one')).toMatchObject([
    {
      before: {
        guest: [{ summary: 'ext4 · clean · root: 1.00 GiB' }, { layer: 'L4', summary: 'GPT · 2: 1.00 GiB' }],
      },
      after: {
        guest: [{ summary: 'ext4 · clean · root: 3.00 GiB' }, { layer: 'L4', summary: 'GPT · 2: 3.00 GiB' }],
      },
    },
  ])
})

test('what a run has left is what the next one found, whatever comes of it', () => {
  saveImage(db, 'north', sampleRecord('north', 'a.vmdk'))
  begin('one', [at('a.vmdk')])
  saveImage(db, 'north', sampleRecord('north', 'a.vmdk', { fileSize: 2000 }))
  begin('two', [at('a.vmdk')])
  removeImage(db, { host: 'north', library: 'images', name: 'a.vmdk' })
  expect(runImagesOf(db, 'one')).toMatchObject([{ after: { fileSize: 2000 }, image: null }])
  expect(runImagesOf(db, 'two')).toMatchObject([{ before: { fileSize: 2000 }, after: null }])
  forgetRun(db, 'one')
  expect(runImagesOf(db, 'one')).toEqual([])
})

test('the image below, snapshots and the layers of the guest are in it; what was not read is not', () => {
  const { chain, layers } = sampleRecord('north', 'child.qcow2').report
  const [own] = chain
  if (!own) throw new Error('the sample has a chain')
  const snapshot = { id: '1', name: 'clean', takenAt: '2026-01-01', virtualSize: null, stateSize: 0 }
  saveImage(
    db,
    'north',
    sampleRecord('north', 'child.qcow2', {
      chain: [own, { ...own, path: '/srv/north/base.qcow2', format: 'qcow2' }],
      snapshots: Array.from({ length: 120 }, () => snapshot),
      layers: layers.map((line) =>
        line.layer === 'L4' ? { ...line, sure: 'read' as const, summary: 'GPT, 2 partitions' } : line,
      ),
    }),
  )
  begin('one', [at('child.qcow2')])
  expect(runImagesOf(db, 'one')).toMatchObject([
    {
      before: {
        parent: { path: '/srv/north/base.qcow2', format: 'qcow2' },
        snapshotCount: 120,
        guest: [{ layer: 'L4', summary: 'GPT, 2 partitions' }],
      },
    },
  ])
})
