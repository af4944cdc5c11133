import { formatBytes } from '@varve/core/units/format-bytes'
import type { ImageRow } from '@varve/protocol/images'
import type { MigrationView } from '@varve/protocol/migrations'
import type { ImageShape, RunImage } from '@varve/protocol/run-images'
import type { RunView } from '@varve/protocol/runs'
import { inventedDigest } from './invented-fleet.ts'

const GiB = 2 ** 30

/** What a report would say of an image of a list. */
function shapeOf(row: ImageRow | null, change: Partial<ImageShape> = {}): ImageShape {
  const allocated = row?.allocated ?? 18 * GiB
  return {
    format: row?.format ?? 'qcow2',
    subformat: row?.subformat ?? null,
    virtualSize: row?.virtualSize ?? 32 * GiB,
    fileSize: row?.fileSize ?? 18 * GiB,
    allocated,
    dataBytes: Math.round(allocated * 0.98),
    identity: row?.format === 'vmdk' ? { kind: 'content-id', cid: '7f3a91c4' } : { kind: 'none' },
    parent: null,
    snapshots: ['before the upgrade'],
    snapshotCount: 1,
    guest: [{ layer: 'L4', summary: 'GPT, both copies agree, 3 partitions' }],
    digest: null,
    modifiedAt: new Date().toISOString(),
    ...change,
  }
}

interface Wished {
  readonly run: RunView
  readonly row: ImageRow | null
  readonly name: string
  readonly request: Readonly<Record<string, unknown>>
  readonly rows: readonly ImageRow[]
}

/** The images of an invented run, as they were and as they are. */
export function inventedRunImages({ run, row, name, request, rows }: Wished): RunImage[] {
  const { operation, state, hosts } = run
  const host = hosts[0] ?? 'north'
  const isDone = state === 'succeeded'
  const own = { host, path: `/srv/images/${name}`, image: row?.id ?? null, from: null }
  const before = shapeOf(row)
  const changed = (change: Partial<ImageShape>): RunImage => ({
    ...own,
    before,
    after: isDone ? { ...before, ...change } : before,
  })
  switch (operation) {
    case 'clone':
    case 'convert':
    case 'create': {
      const target = textOf(request['target'], 'new.qcow2')
      const format = target.endsWith('.vdi') ? 'vdi' : target.endsWith('.vmdk') ? 'vmdk' : 'qcow2'
      const size = Math.round((before.allocated ?? 0) * 0.96)
      const after = shapeOf(null, {
        format,
        virtualSize: before.virtualSize,
        fileSize: size,
        allocated: size,
        snapshots: [],
        snapshotCount: 0,
        dataBytes: before.dataBytes,
        digest: inventedDigest,
      })
      return [
        {
          host,
          path: `/srv/images/${target}`,
          image: isDone ? (rows.find((one) => one.name === target)?.id ?? 'image-3') : null,
          before: null,
          after: isDone ? after : null,
          from: row === null ? null : { ...own, shape: before },
        },
      ]
    }
    case 'delete':
      return [{ ...own, image: null, before, after: isDone ? null : before }]
    case 'snapshot-create':
      return [
        changed({
          snapshots: [...before.snapshots, textOf(request['name'], 'a snapshot')],
          snapshotCount: before.snapshotCount + 1,
          fileSize: before.fileSize + 2 ** 20,
        }),
      ]
    case 'chain-flatten': {
      const base = {
        path: '/srv/images/base/debian12-with-a-long-name-2026-11-02.qcow2',
        format: 'qcow2' as const,
      }
      return [
        {
          ...changed({ allocated: 21 * GiB, dataBytes: 20 * GiB, fileSize: 21 * GiB }),
          before: { ...before, parent: base },
        },
        { host, path: base.path, image: 'image-5', before: shapeOf(null), after: shapeOf(null), from: null },
      ]
    }
    case 'grow':
    case 'shrink': {
      const is = (size: number) => [
        { layer: 'L6' as const, summary: `ext4 · clean · root: ${formatBytes(size - 2 ** 20)}` },
        { layer: 'L4' as const, summary: `GPT, both copies agree · 1: ${formatBytes(size - 2 ** 20)}` },
      ]
      const was = before.virtualSize ?? 0
      const size = typeof request['size'] === 'number' ? request['size'] : Math.round(was / 2)
      return [
        {
          ...changed({ virtualSize: size, guest: is(size) }),
          before: { ...before, guest: is(was) },
        },
      ]
    }
    case 'reclaim':
      return [
        changed({
          allocated: Math.round((before.allocated ?? 0) * 0.7),
          dataBytes: Math.round((before.dataBytes ?? 0) * 0.7),
          fileSize: Math.round(before.fileSize * 0.7),
        }),
      ]
    case 'repair':
      return [changed({ allocated: (before.allocated ?? 0) - 3 * GiB })]
    default:
      return []
  }
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}

/** The images of an invented migration. */
export function inventedMigrationImages({ source, target, state, image }: MigrationView): RunImage[] {
  const before = shapeOf(null, { format: source.format, virtualSize: source.virtualSize })
  const own = { host: source.host, path: `/srv/images/${source.name}`, image }
  const isDone = state === 'succeeded'
  const after = { ...before, format: target.format, subformat: null, snapshots: [], snapshotCount: 0 }
  return [
    { ...own, before, after: before, from: null },
    {
      host: target.host,
      path: `/srv/vm/${target.name}`,
      image: isDone ? target.imageId : null,
      before: null,
      after: isDone ? { ...after, fileSize: 17 * GiB, allocated: 17 * GiB, digest: inventedDigest } : null,
      from: { ...own, shape: before },
    },
  ]
}
