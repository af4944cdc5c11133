import { describe, expect, test } from 'vitest'
import { exportDistributionOperation, type ExportDistributionFacts } from '../export-distribution/plan.ts'
import {
  importDistributionOperation,
  ImportDistributionRequest,
  type ImportDistributionFacts,
} from '../import-distribution/plan.ts'
import type { MoveFacts } from '../move/facts.ts'
import { moveOperation } from '../move/plan.ts'
import type { Plan, Refusal } from '../plans/plan.ts'
import { setSparseOperation } from '../set-sparse/plan.ts'
import { debian, diskOfDebian, distributionDisk } from '../testing/distribution-facts.ts'
import type { DistributionDiskFacts, OfDistribution } from './facts.ts'

const gib = 1024 ** 3
const used = {
  files: [{ path: diskOfDebian, uses: [{ by: 'distribution' as const, name: 'Debian' }] }],
  unseen: [],
}

function refusedFor(made: Plan | Refusal): string[] {
  if (made.kind === 'plan') return ['no refusal']
  for (const { remedy } of made.problems) expect(remedy).not.toBe('')
  return made.problems.map(({ id }) => id)
}

const others: readonly [string, Partial<OfDistribution>, string][] = [
  ['of Docker Desktop', { kind: 'docker-disk' }, 'disk-of-docker'],
  ['of an older Docker Desktop', { name: 'docker-desktop-data' }, 'disk-of-docker'],
  ['of somebody else', { isOwn: false }, 'distribution-of-other'],
  ['of a WSL that came with Windows', { wsl: null }, 'wsl-too-old'],
]

describe('sparse', () => {
  const plan = (isSparse: boolean, change: Partial<DistributionDiskFacts> = {}) =>
    setSparseOperation.plan({ image: diskOfDebian, isSparse }, { ...distributionDisk, ...change })

  test('on, with the word of WSL and after one of the person', () => {
    expect(plan(true)).toMatchSnapshot()
  })

  test('an older WSL wants no word of its own', () => {
    expect(plan(true, { ofWsl: { ...debian, wsl: '2.4.13.0' } })).toMatchObject({
      steps: [{}, { input: { isUnsafe: false } }, {}],
      warnings: [{ id: 'sparse-unsafe', asks: true }],
    })
  })

  test('off, where all of it has room', () => {
    const sparse = { ofWsl: { ...debian, isSparse: true }, allocated: gib }
    expect(plan(false, sparse)).toMatchObject({
      steps: [{}, { input: { isSparse: false, isUnsafe: false } }, {}],
      warnings: [],
    })
    expect(refusedFor(plan(false, { ...sparse, free: 6 * gib }))).toEqual(['no-space'])
  })

  test.each(others)('not one %s', (_what, change, id) => {
    expect(refusedFor(plan(true, { ofWsl: { ...debian, ...change } }))).toEqual([id])
  })

  test('not what is so, not while it runs, and nothing but a disk of WSL', () => {
    expect(refusedFor(plan(false))).toEqual(['already-so'])
    expect(refusedFor(plan(true, { uses: used }))).toEqual(['in-use'])
    expect(refusedFor(plan(true, { ofWsl: null }))).toEqual(['not-of-distribution'])
  })
})

describe('move', () => {
  const target = String.raw`D:\wsl\ext4.vhdx`
  const facts: MoveFacts = {
    ...distributionDisk,
    ofWsl: debian,
    target,
    moves: [{ from: diskOfDebian, to: target, kind: 'file', inode: '7' }],
    taken: [],
    isOneFilesystem: false,
    free: 20 * gib,
    parent: null,
    children: [],
    unnameable: [],
    promised: null,
    childUses: { files: [], unseen: [] },
  }
  const plan = (change: Partial<MoveFacts> = {}) =>
    moveOperation.plan({ source: diskOfDebian, target, folders: [] }, { ...facts, ...change })

  test('to another drive, by WSL, after a word', () => {
    expect(plan()).toMatchSnapshot()
  })

  test('on one drive no word is wanted', () => {
    const made = plan({ isOneFilesystem: true, free: null })
    expect(made.kind === 'plan' && made.warnings.filter(({ asks }) => asks)).toEqual([])
  })

  test.each(others)('not one %s', (_what, change, id) => {
    expect(refusedFor(plan({ ofWsl: { ...debian, ...change } }))).toEqual([id])
  })

  test('not under another name, not over a file, not without room, not while it runs', () => {
    expect(refusedFor(plan({ target: String.raw`D:\wsl\other.vhdx` }))).toEqual(['only-a-folder'])
    expect(refusedFor(plan({ taken: [target] }))).toEqual(['target-exists'])
    expect(refusedFor(plan({ free: gib }))).toEqual(['no-space'])
    expect(refusedFor(plan({ uses: used }))).toEqual(['in-use'])
  })
})

describe('export', () => {
  const target = String.raw`D:\backup\debian.vhdx`
  const facts: ExportDistributionFacts = {
    ...distributionDisk,
    target,
    isTaken: false,
    targetFree: 20 * gib,
  }
  const plan = (change: Partial<ExportDistributionFacts> = {}) =>
    exportDistributionOperation.plan({ image: diskOfDebian, target }, { ...facts, ...change })

  test('hidden, proven, published', () => {
    expect(plan()).toMatchSnapshot()
  })

  test.each(others)('not one %s', (_what, change, id) => {
    expect(refusedFor(plan({ ofWsl: { ...debian, ...change } }))).toEqual([id])
  })

  test('not over a file, not without room, not as a tar, not while it runs', () => {
    expect(refusedFor(plan({ isTaken: true }))).toEqual(['target-exists'])
    expect(refusedFor(plan({ targetFree: gib }))).toEqual(['no-space'])
    expect(refusedFor(plan({ target: String.raw`D:\debian.tar` }))).toEqual(['only-vhdx'])
    expect(refusedFor(plan({ uses: used }))).toEqual(['in-use'])
  })
})

describe('import', () => {
  const { ofWsl: _, distribution: __, ...disk } = distributionDisk
  const facts: ImportDistributionFacts = {
    ...disk,
    isOwnHost: true,
    wsl: '2.5.7.0',
    names: ['Debian'],
    isFolderUsed: false,
    wholeDisk: ['ext4'],
    free: 20 * gib,
  }
  const plan = (asked: object = {}, change: Partial<ImportDistributionFacts> = {}) =>
    importDistributionOperation.plan(
      ImportDistributionRequest.parse({ image: diskOfDebian, name: 'New', folder: 'D:\\wsl', ...asked }),
      { ...facts, ...change },
    )

  test('by a copy, and in place after a word', () => {
    expect(plan()).toMatchSnapshot()
    expect(plan({ folder: null })).toMatchObject({
      steps: [{ input: { folder: null } }],
      warnings: [{ id: 'becomes-distribution', asks: true }],
    })
  })

  test.each<[string, object, Partial<ImportDistributionFacts>, string]>([
    ['an agent', {}, { isOwnHost: false }, 'not-for-agents'],
    ['no WSL', {}, { wsl: null }, 'no-wsl'],
    ['another format', {}, { format: 'qcow2' }, 'only-vhdx'],
    ['what is no distribution', {}, { wholeDisk: ['ntfs'] }, 'only-ext4'],
    ['a name that is taken', { name: 'DEBIAN' }, {}, 'name-taken'],
    ['a folder with something in it', {}, { isFolderUsed: true }, 'folder-used'],
    ['no room', {}, { free: gib }, 'no-space'],
    ['what is used', {}, { uses: used }, 'in-use'],
  ])('refused: %s', (_what, asked, change, id) => {
    expect(refusedFor(plan(asked, change))).toEqual([id])
  })

  test.each(['', '-x', 'a b', 'a"b', 'ü', 'x'.repeat(65)])('no name: %j', (name) => {
    expect(ImportDistributionRequest.safeParse({ image: diskOfDebian, name, folder: null }).success).toBe(
      false,
    )
  })
})
