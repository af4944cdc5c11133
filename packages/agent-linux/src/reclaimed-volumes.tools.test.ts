import { walkKills } from '@varve/agent/testing/walk-kills'
import { discardFree } from '@varve/operations/actions/discard-free'
import { Survey } from '@varve/operations/actions/reclaim-survey'
import { weighReclaimed } from '@varve/operations/actions/weigh-reclaimed'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { filesOf, inMounted, onLoop } from './testing/guest-disks.ts'
import { canUseLoop } from './testing/loop-devices.ts'
import { standInLvm } from './testing/stand-in-lvm.ts'
import {
  bytesOf,
  diskIn,
  hostIn,
  isResult,
  kept,
  lvcreate,
  nothingIsLeft,
  removeAll,
  run,
  standInSystem,
  volumeOf,
} from './testing/volume-disks.ts'

const stop = new AbortController().signal
const mib = 1024 ** 2
/** Some processes, one after the other. */
const walkTime = 900_000
const filesystem = { start: mib, size: 36 * mib }

/** A disk of 40 MiB with an ext4, of which 20 MiB hold what was deleted in it. */
async function usedDiskIn(place: TempPlace): Promise<{ readonly path: string; readonly files: string }> {
  const { path } = await diskIn(place)
  const files = await onLoop(path, filesystem, async (part) => {
    await inMounted(part, 'rw', 'head -c 20M /dev/urandom >junk; sync; rm junk')
    return await filesOf(part)
  })
  return { path, files }
}

function outcomeAt(state: RunState, id: string): unknown {
  const step = state.steps.find((one) => one.step.id === id)
  return step && outcomeOf(step)
}

const areThere = canUseLoop() && requires('sgdisk', 'e2fsck', 'unshare', 'tar')

describe.skipIf(!areThere)('volumes that give free blocks back, with a stand-in for LVM', () => {
  test('a thin one gives back what its filesystem calls free, and zeros; the original is kept, and has its name again', async () => {
    await using lvm = await standInLvm()
    await using place = await tempPlace()
    const { path, files } = await usedDiskIn(place)
    const device = await volumeOf(lvm, path, 'thin')
    const before = await bytesOf(device)
    await using host = hostIn(place.file('host'))
    const report = await run(host, 'reclaim-report', { image: { path: device } })
    const survey = Survey.parse(outcomeAt(report, 'survey'))
    expect(survey.holder).toEqual({ kind: 'thin', unit: 65_536, held: survey.before.host })
    const predicted = (survey.before.host ?? 0) - (survey.after?.host ?? 0)
    expect(predicted).toBeGreaterThan(19 * mib)
    expect(survey.free + (survey.zeros ?? 0)).toBe(predicted)
    expect(outcomeAt(report, 'survey')).toMatchObject({
      wish: { operation: 'reclaim', request: { image: device } },
    })
    const state = await run(host, 'reclaim', { image: device })
    const { layers } = weighReclaimed.outcome.parse(outcomeAt(state, 'weigh'))
    expect(layers).toMatchObject([{ layer: 'L1', kind: 'host' }])
    expect(layers[0]?.actual).toBeGreaterThanOrEqual(0.9 * predicted)
    const [now, original = '', ...others] = await lvm.volumes()
    expect([now, original, others]).toEqual(['vm', expect.stringMatching(kept), []])
    await isResult(device, files, 40 * mib)
    expect(before.equals(await bytesOf(device))).toBe(false)
    expect(before.equals(await bytesOf(`/dev/${lvm.group}/${original}`))).toBe(true)
    await nothingIsLeft(lvm)
    // Nothing is left to be given back: the run ends, and takes its copy away.
    const again = await host.plan('reclaim', { image: device, zerosOnly: false })
    if (again.kind === 'refusal') throw new Error(again.problems[0]?.message)
    const ended = await host.runs.start({ plan: again, request: { image: device }, accepted: [] }, { stop })
    expect(ended).toMatchObject({
      phase: 'failed',
      error: { code: 'refused', details: { finding: 'nothing-to-reclaim' } },
      undoFailures: [],
    })
    expect(await lvm.volumes()).toEqual(['vm', original])
    expect((await host.runs.undo(state.id, { stop })).undoFailures).toEqual([])
    expect(await lvm.volumes()).toEqual(['vm'])
    expect(before.equals(await bytesOf(device))).toBe(true)
  }, 120_000)

  test('with zeros only, free blocks stay bit by bit; it is undone as long as nobody has written to it', async () => {
    await using lvm = await standInLvm()
    await using place = await tempPlace()
    const { path } = await usedDiskIn(place)
    const device = await volumeOf(lvm, path, 'thin')
    const before = await bytesOf(device)
    await using host = hostIn(place.file('host'))
    const state = await run(host, 'reclaim', { image: device, zerosOnly: true })
    const { free, zeros } = discardFree.outcome.parse(outcomeAt(state, 'discard'))
    expect(free).toBe(0)
    expect(zeros).toBeGreaterThan(10 * mib)
    expect(before.equals(await bytesOf(device))).toBe(true)
    await onLoop(device, filesystem, async (part) => inMounted(part, 'rw', 'echo since >since'))
    const changed = await host.runs.undo(state.id, { stop })
    expect(changed.undoFailures).toMatchObject([{ step: 'replace', error: { code: 'refused' } }])
    expect((await lvm.volumes())[0]).toBe('vm')
  }, 120_000)

  test('refused: thick, no volume, mounted, another format than raw, a filesystem that is not clean', async () => {
    await using lvm = await standInLvm()
    await using place = await tempPlace()
    const { path } = await usedDiskIn(place)
    await using host = hostIn(place.file('host'))
    const device = await volumeOf(lvm, path, 'thin')
    const problemsOf = async (image: string) => {
      const plan = await host.plan('reclaim', { image, zerosOnly: false })
      return plan.kind === 'refusal' ? plan.problems : []
    }
    await lvcreate(lvm, 'thick', ['--size', `${8 * mib}b`])
    expect(await problemsOf(`/dev/${lvm.group}/thick`)).toMatchObject([
      { id: 'volume-thick', layer: 'L1', remedy: expect.stringContaining('--thin-pool') as string },
    ])
    await lvcreate(lvm, 'q', ['--thinpool', 'pool', '--virtualsize', `${8 * mib}b`])
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', `/dev/${lvm.group}/q`, '4M'])
    expect(await problemsOf(`/dev/${lvm.group}/q`)).toMatchObject([{ id: 'refused', layer: 'L2' }])
    await onLoop(device, filesystem, async (part) => {
      // Another device than the group has.
      await expect(problemsOf(part)).rejects.toMatchObject({
        code: 'refused',
        layer: 'L1',
        details: { reason: expect.stringContaining('blkdiscard') as string },
      })
      expect(await problemsOf(device)).toMatchObject([{ id: 'in-use' }])
      await runToolOk('debugfs', ['-w', '-R', 'set_super_value state 0', part])
    })
    expect(await problemsOf(device)).toMatchObject([{ id: 'free-space-doubtful', layer: 'L6' }])
    expect(await lvm.volumes()).toEqual(['q', 'thick', 'vm'])
  }, 120_000)

  test(
    'killed at entries of its journal: the original or the result has the name',
    { timeout: walkTime },
    async () => {
      await using lvm = await standInLvm()
      await using place = await tempPlace()
      const { path, files } = await usedDiskIn(place)
      const device = `/dev/${lvm.group}/vm`
      const before = await bytesOf(path)
      const walked = await walkKills({
        operation: 'reclaim',
        oneOf: 3,
        system: standInSystem,
        async prepare() {
          await removeAll(lvm)
          await volumeOf(lvm, path, 'thin')
          return { image: device }
        },
        async atAnyTime() {
          expect(await lvm.volumes()).toContain('vm')
          if (!before.equals(await bytesOf(device))) await isResult(device, files, 40 * mib)
        },
        async whenDone() {
          const [, original = ''] = await lvm.volumes()
          await isResult(device, files, 40 * mib)
          expect(before.equals(await bytesOf(device))).toBe(false)
          expect(before.equals(await bytesOf(`/dev/${lvm.group}/${original}`))).toBe(true)
          await nothingIsLeft(lvm)
        },
        async whenUndone() {
          expect(await lvm.volumes()).toEqual(['vm'])
          expect(before.equals(await bytesOf(device))).toBe(true)
          await nothingIsLeft(lvm)
        },
      })
      expect(walked.resumed).toBeGreaterThanOrEqual(3)
      expect(walked.undone).toBeGreaterThanOrEqual(3)
    },
  )
})
