import { expect, test } from 'vitest'
import { whatLiesBeyond } from './beyond-end.ts'
import type { FilesystemFinding, GuestContents, Partition, VolumeFinding } from './guest-contents.ts'

const partition = (
  index: number,
  start: number,
  length: number,
  said: Partial<Partition> = {},
): Partition => ({
  index,
  start,
  length,
  type: '0x83',
  typeName: 'Linux',
  name: null,
  uuid: null,
  bootable: false,
  role: 'primary',
  ...said,
})

const filesystem = (start: number, length: number, size: number | null): FilesystemFinding => ({
  start,
  length,
  type: 'ext4',
  sure: 'consistent',
  label: null,
  uuid: null,
  size,
  used: null,
  free: null,
  blockSize: null,
  state: 'clean',
  notes: [],
  freeByRegion: [],
})

const volume = (start: number, length: number, members: VolumeFinding['members'] = []): VolumeFinding => ({
  start,
  length,
  type: members.length > 0 ? 'lvm2' : 'luks2',
  sure: 'consistent',
  label: null,
  uuid: null,
  group: members.length > 0 ? 'vg' : null,
  members,
  notes: [],
})

function contents(said: {
  readonly partitions?: readonly Partition[]
  readonly volumes?: readonly VolumeFinding[]
  readonly filesystems?: readonly FilesystemFinding[]
}): GuestContents {
  const { partitions = [], volumes = [], filesystems = [] } = said
  const kind = partitions.length > 0 ? 'mbr' : 'none'
  const table = { kind, sure: 'consistent', sectorSize: 512, id: null, partitions, notes: [] } as const
  return { table, volumes, filesystems, problems: [] }
}

const beyond = (said: Parameters<typeof contents>[0], end: number) =>
  whatLiesBeyond(contents(said), end).map(({ what }) => what)

test('partitions of every role, but not a name for the whole disk', () => {
  const partitions = [
    partition(1, 10, 10),
    partition(2, 20, 80, { role: 'extended' }),
    partition(5, 30, 20, { role: 'logical' }),
    partition(6, 50, 50, { role: 'logical' }),
    partition(3, 0, 100, { role: 'whole' }),
  ]
  expect(beyond({ partitions }, 100)).toEqual([])
  expect(beyond({ partitions }, 99)).toEqual(['extended partition 2', 'partition 6'])
  expect(beyond({ partitions }, 49)).toEqual(['extended partition 2', 'partition 5', 'partition 6'])
})

test('a filesystem by its own size, and by its place where it says none', () => {
  expect(beyond({ filesystems: [filesystem(0, 100, 60)] }, 60)).toEqual([])
  expect(beyond({ filesystems: [filesystem(0, 100, 60)] }, 59)).toEqual(['ext4'])
  expect(beyond({ filesystems: [filesystem(0, 100, null)] }, 99)).toEqual(['ext4'])
})

test('a volume by its segments, a closed one by its place; what is in them is not counted twice', () => {
  const segments = [
    { start: 60, length: 10 },
    { start: 20, length: 10 },
  ]
  const group = volume(10, 90, [{ name: 'root', length: 20, segments }])
  const inGroup = filesystem(60, 20, 20)
  expect(beyond({ volumes: [group], filesystems: [inGroup] }, 70)).toEqual([])
  expect(beyond({ volumes: [group], filesystems: [inGroup] }, 69)).toEqual(['volume vg/root'])
  expect(beyond({ volumes: [volume(10, 90)] }, 99)).toEqual(['luks2'])
})
