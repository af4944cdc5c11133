import { createHash } from 'node:crypto'
import { access, copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { inspectChain, openChain } from '@varve/core/chain/open-chain'
import { nodePorts } from '@varve/engine/ports/ports'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { makeChain, type MadeKind } from '../testing/made-chains.ts'
import { openTestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const stop = new AbortController().signal
const ports = nodePorts({ roots: null, io: 'sync' })
/** Some thirty processes, one after the other. */
const walkTime = 900_000

/** Of a small disk, chain and all; in this thread, since it is asked for often. */
async function diskOf(path: string): Promise<string> {
  await using chain = await openChain(path, ports)
  const bytes = new Uint8Array(chain.disk.virtualSize)
  await chain.disk.readInto(bytes, 0)
  return createHash('sha256').update(bytes).digest('hex')
}

async function parentOf(path: string): Promise<string | undefined> {
  return (await inspectChain(path, ports)).links[1]?.link.path
}

const partsIn = async (folder: string) => (await readdir(folder)).filter((name) => name.endsWith('.part'))

interface ChainCase {
  readonly operation: 'chain-flatten' | 'chain-rebase'
  readonly kind: MadeKind
  /** The name of its parent in the end; undefined: it stands alone. */
  readonly parentThen: string | undefined
}

const cases: readonly ChainCase[] = [
  { operation: 'chain-flatten', kind: 'vhd', parentThen: undefined },
  { operation: 'chain-rebase', kind: 'vmdk', parentThen: 'base.vmdk' },
]

describe.skipIf(!requires('qemu-img', 'qemu-io'))('killed at every entry of the journal', () => {
  test.each(cases)(
    '$operation of $kind: the disk, and that of the image above, are there at every moment',
    { timeout: walkTime },
    async ({ operation, kind, parentThen }) => {
      await using made = await tempPlace()
      const { child } = await makeChain(kind, made.path)
      const [middle, top] = [`middle.${kind}`, `top.${kind}`]
      await using host = openTestHost(made.path)
      for (const [name, parent] of [
        [middle, child],
        [top, made.file(middle)],
      ] as const) {
        const request = { target: made.file(name), format: kind, parent: { path: parent } }
        const plan = await host.plan('create', request)
        if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
        await host.runs.start({ plan, request, accepted: [] }, { stop })
      }
      const disk = await diskOf(child)
      const names = [`base.${kind}`, `child.${kind}`, middle, top]
      const isWhole = async (folder: string) => {
        expect(await diskOf(join(folder, middle))).toBe(disk)
        expect(await diskOf(join(folder, top))).toBe(disk)
        expect(await parentOf(join(folder, top))).toBe(join(folder, middle))
      }
      const walked = await walkKills({
        operation,
        async prepare(folder) {
          for (const name of names) await copyFile(made.file(name), join(folder, name))
          const image = join(folder, middle)
          return { image, ...(operation === 'chain-rebase' && { parent: join(folder, `base.${kind}`) }) }
        },
        atAnyTime: isWhole,
        async whenDone(folder) {
          await isWhole(folder)
          const parent = parentThen === undefined ? undefined : join(folder, parentThen)
          expect(await parentOf(join(folder, middle))).toBe(parent)
          expect(await partsIn(folder)).toEqual([])
        },
        // The steps, and so the ways back, are the same: one walk back is enough.
        ...(operation === 'chain-flatten' && {
          async whenUndone(folder: string) {
            await isWhole(folder)
            expect(await parentOf(join(folder, middle))).toBe(join(folder, `child.${kind}`))
            expect(await partsIn(folder)).toEqual([])
          },
        }),
      })
      expect(walked.resumed).toBeGreaterThanOrEqual(6)
      if (operation === 'chain-flatten') expect(walked.undone).toBeGreaterThanOrEqual(5)
    },
  )

  test(
    'snapshot create --external: the image stays as it is, and the overlay is there whole or not at all',
    { timeout: walkTime },
    async () => {
      await using made = await tempPlace()
      const { base } = await makeChain('vhdx', made.path)
      const disk = await diskOf(base)
      const overlay = (folder: string) => join(folder, 'next.vhdx')
      const isThere = async (path: string) =>
        access(path).then(
          () => true,
          () => false,
        )
      const isWhole = async (folder: string) => {
        expect(await diskOf(join(folder, 'base.vhdx'))).toBe(disk)
        if (await isThere(overlay(folder))) expect(await diskOf(overlay(folder))).toBe(disk)
      }
      await walkKills({
        operation: 'snapshot-create',
        async prepare(folder) {
          await copyFile(base, join(folder, 'base.vhdx'))
          return { image: join(folder, 'base.vhdx'), name: 'next', kind: 'external' }
        },
        atAnyTime: isWhole,
        async whenDone(folder) {
          await isWhole(folder)
          expect(await parentOf(overlay(folder))).toBe(join(folder, 'base.vhdx'))
          expect(await partsIn(folder)).toEqual([])
        },
      })
    },
  )

  test.each(['snapshot-create', 'snapshot-delete'])(
    '%s: the disk stays, and the snapshot is there once or not at all',
    { timeout: walkTime },
    async (operation) => {
      await using made = await tempPlace()
      const image = made.file('a.qcow2')
      await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', image, '2M'])
      await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 1 0 1M', image])
      const isDelete = operation === 'snapshot-delete'
      if (isDelete) await runToolOk('qemu-img', ['snapshot', '-c', 'one', image])
      const disk = await diskOf(image)
      const namesIn = async (folder: string) => {
        const { links } = await inspectChain(join(folder, 'a.qcow2'), ports)
        return links[0].facts.snapshots.map(({ name }) => name)
      }
      const isWhole = async (folder: string) => {
        expect(await diskOf(join(folder, 'a.qcow2'))).toBe(disk)
        expect(await namesIn(folder)).toSatisfy((names: string[]) => names.length <= 1)
      }
      await walkKills({
        operation,
        accepted: isDelete ? ['snapshot-lost'] : [],
        async prepare(folder) {
          await copyFile(image, join(folder, 'a.qcow2'))
          return { image: join(folder, 'a.qcow2'), name: 'one' }
        },
        atAnyTime: isWhole,
        async whenDone(folder) {
          await isWhole(folder)
          expect(await namesIn(folder)).toEqual(isDelete ? [] : ['one'])
          await runToolOk('qemu-img', ['check', '-q', '-f', 'qcow2', join(folder, 'a.qcow2')])
        },
        ...(!isDelete && {
          async whenUndone(folder: string) {
            await isWhole(folder)
            expect(await namesIn(folder)).toEqual([])
          },
        }),
      })
    },
  )
})
