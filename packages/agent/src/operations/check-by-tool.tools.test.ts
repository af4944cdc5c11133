import { open, readFile, writeFile } from 'node:fs/promises'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { outcomeOf } from '@varve/operations/runs/run-state'
import { examineByTool } from '@varve/operations/actions/examine-by-tool'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HypervisorTools } from '../testing/hypervisor-tools.ts'
import { openTestHost, type TestHost } from '../testing/test-host.ts'

const stop = new AbortController().signal

let place: TempPlace
let host: TestHost
let tools: HypervisorTools
const at = (name: string) => place.file(name)

async function check(path: string, by: string) {
  const request = { image: { path, format: null, reading: {} }, by }
  const plan = await host.plan('check', request)
  if (plan.kind === 'refusal') return { refused: plan.problems.map(({ id }) => id) }
  const state = await host.runs.start({ plan, request, accepted: [] }, { stop })
  const asked = state.steps.find(({ step }) => step.action === 'examine-by-tool')
  const { report } = examineByTool.outcome.parse(asked && outcomeOf(asked))
  const { totals, isComplete, findings } = report
  return { isComplete, ...totals, ids: findings.map(({ id }) => id), findings }
}

beforeEach(async () => {
  place = await tempPlace()
  tools = await HypervisorTools.plant(place.path)
  host = openTestHost(place.path, { toolFolders: [tools.folder] })
})
afterEach(async () => {
  await host[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

describe.skipIf(!requires('qemu-img', 'qemu-io'))('qemu-img is asked too', () => {
  test.each(['qcow2', 'vmdk', 'vdi', 'vhdx', 'parallels'])('of a sound %s', async (format) => {
    const path = at(`it's a "disk", one.${format}`)
    await runToolOk('qemu-img', ['create', '-q', '-f', format, path, '16M'])
    expect(await check(path, 'qemu-img')).toMatchObject({
      isComplete: true,
      corruptions: 0,
      leaks: 0,
      ids: [],
    })
  })

  test('of leaks and of corruption, and the image stays as it is', async () => {
    const path = at('leaky.qcow2')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', path, '16M'])
    await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 3 0 1M', path])
    const bytes = await readFile(path)
    const block = Number(bytes.readBigUInt64BE(Number(bytes.readBigUInt64BE(48))))
    const clusters = Math.ceil(bytes.length / 65_536)
    for (const more of [0, 1]) bytes.writeUInt16BE(1, block + (clusters + more) * 2)
    await writeFile(path, Buffer.concat([bytes, Buffer.alloc((clusters + 2) * 65_536 - bytes.length)]))
    expect(await check(path, 'qemu-img')).toMatchObject({ leaks: 2, ids: ['tool-finds-leaks'] })
    const l1 = Number(bytes.readBigUInt64BE(40))
    const l2 = Number(bytes.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n)
    await using file = await open(path, 'r+')
    await file.write(bytes.subarray(l2, l2 + 8), 0, 8, l2 + 8)
    const before = await readFile(path)
    expect(await check(path, 'qemu-img')).toMatchObject({
      ids: expect.arrayContaining(['tool-finds-corruption']),
    })
    expect((await readFile(path)).equals(before)).toBe(true)
  })

  test('of an overlay only its own file: its parent may be gone', async () => {
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', at('base.qcow2'), '16M'])
    const over = ['create', '-q', '-f', 'qcow2', '-b', at('base.qcow2'), '-F', 'qcow2', at('over.qcow2')]
    await runToolOk('qemu-img', over)
    await writeFile(at('base.qcow2'), 'no image any more')
    expect((await runTool('qemu-img', ['check', at('over.qcow2')])).exitCode).not.toBe(0)
    expect(await check(at('over.qcow2'), 'qemu-img')).toMatchObject({ isComplete: true, ids: [] })
  })

  test('of what it cannot open says so, and of what it knows nothing is refused', async () => {
    const path = at('cut.qcow2')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', path, '16M'])
    const bytes = await readFile(path)
    // Clusters of a size that there is not.
    bytes.writeUInt32BE(63, 20)
    await writeFile(path, bytes)
    expect(await check(path, 'qemu-img')).toMatchObject({ isComplete: false, ids: ['tool-cannot-check'] })
    await runToolOk('qemu-img', ['create', '-q', '-f', 'raw', at('a.raw'), '1M'])
    expect(await check(at('a.raw'), 'qemu-img')).toEqual({ refused: ['refused'] })
    expect(await check(path, 'hyper-v')).toEqual({ refused: ['tool-missing', 'refused'] })
  })

  test('and vmware-vdiskmanager of a chain: by its number, whatever it says and its exit code is', async () => {
    await runToolOk('qemu-img', ['create', '-q', '-f', 'vmdk', at('a.vmdk'), '16M'])
    expect(await check(at('a.vmdk'), 'vmware-vdiskmanager')).toMatchObject({ isComplete: true, ids: [] })
    await tools.set({ lie: 'no-parent' })
    expect(await check(at('a.vmdk'), 'vmware-vdiskmanager')).toMatchObject({
      corruptions: 1,
      findings: [{ id: 'tool-finds-corruption', message: expect.stringContaining('(0x3e8c)') }],
    })
    await tools.set({ lie: 'fails' })
    expect(await check(at('a.vmdk'), 'vmware-vdiskmanager')).toMatchObject({ corruptions: 1 })
  })
})
