import { readFileSync } from 'node:fs'
import { expect, describe, test } from 'vitest'
import { isRunning } from './pgrep/commands.ts'
import * as prlctl from './prlctl/commands.ts'
import { parseParallelsMachines, parseParallelsSnapshots } from './prlctl/output.ts'
import * as utmctl from './utmctl/commands.ts'
import { parseMachineList } from './utmctl/output.ts'
import { listRunning } from './vmrun/commands.ts'
import { parseRunningMachines } from './vmrun/output.ts'

const sample = (name: string) => readFileSync(new URL(`../testing/samples/${name}`, import.meta.url), 'utf8')
const failed = expect.objectContaining({ code: 'tool-failed' })

test('what is run', () => {
  const vectors = [
    utmctl.listMachines(),
    prlctl.listMachines(),
    prlctl.listSnapshots('de22df32-80e2-4e92-ba4b-efb3a66cf092'),
    listRunning(),
    isRunning('UTM'),
  ].map(({ tool, args }) => [tool, ...args].join(' '))
  expect(vectors).toEqual([
    'utmctl list',
    'prlctl list -a -i -j',
    'prlctl snapshot-list {de22df32-80e2-4e92-ba4b-efb3a66cf092} -j',
    'vmrun -T fusion list',
    'pgrep -x UTM',
  ])
})

describe('utmctl list', () => {
  const header = 'UUID                                 Status   Name\n'

  test('a line for each machine, the name as it is', () => {
    const text = `${header}7E1D2A58-0C5B-4B0A-9C0A-2F8E4B6D1C11 started  Debian 13\n0A2B2A58-0C5B-4B0A-9C0A-2F8E4B6D1C11 resuming  a  b \n`
    expect(parseMachineList(text)).toEqual([
      { id: '7e1d2a58-0c5b-4b0a-9c0a-2f8e4b6d1c11', state: 'started', name: 'Debian 13' },
      { id: '0a2b2a58-0c5b-4b0a-9c0a-2f8e4b6d1c11', state: 'resuming', name: 'a  b ' },
    ])
    expect(parseMachineList(header)).toEqual([])
    expect(parseMachineList(text.replaceAll('\n', '\r\n'))).toHaveLength(2)
  })

  test.each([
    '',
    '\n',
    'Error from event: The operation couldn’t be completed.\n',
    `${header}no machine\n`,
    `${header}7E1D2A58 started  Debian\n`,
    '{"machines": []}',
  ])('%j tells nothing', (text) => {
    expect(() => parseMachineList(text)).toThrow(failed)
  })
})

describe('prlctl list', () => {
  test('a real one', () => {
    expect(parseParallelsMachines(sample('prlctl-list-info.json'))).toEqual([
      {
        id: 'de22df32-80e2-4e92-ba4b-efb3a66cf092',
        name: 'Maui_DevBox',
        state: 'stopped',
        folder: '/Users/cjlapao/Parallels/Maui_DevBox.pvm',
        images: ['/Users/cjlapao/Parallels/Maui_DevBox.pvm/harddisk1.hdd'],
        isEncrypted: false,
      },
    ])
  })

  test('disks in their order; what is no image file is passed over', () => {
    const Hardware = {
      hdd10: { image: '/m/z.hdd' },
      hdd2: { image: '/m/b.hdd' },
      hdd0: { image: '' },
      hdd1: 'no',
      cdrom0: { image: '/m/c.iso' },
    }
    const [machine] = parseParallelsMachines(
      JSON.stringify([{ ID: '{AB}', Name: 'm', State: 'paused', Hardware }]),
    )
    expect(machine).toMatchObject({ id: 'ab', folder: null, images: ['/m/b.hdd', '/m/z.hdd'] })
  })

  test('none prints nothing', () => {
    expect(parseParallelsMachines('')).toEqual([])
    expect(parseParallelsMachines('[\n]\n')).toEqual([])
  })

  test.each([
    'Unable to connect to Parallels Service',
    '{}',
    '[{"ID": "a"}]',
    '[',
    'null',
    sample('prlctl-list-info.json').slice(0, 900),
  ])('%# tells nothing', (text) => {
    expect(() => parseParallelsMachines(text)).toThrow(failed)
  })
})

describe('prlctl snapshot-list', () => {
  test('an object by ids', () => {
    expect(parseParallelsSnapshots(sample('prlctl-snapshot-list.json'))).toEqual([
      {
        id: '5f2b8b57-6f8a-4a0e-9b0f-0e4d5d1f7a11',
        name: 'clean',
        madeAt: '2025-03-11 10:22:41',
        parent: null,
        isCurrent: false,
      },
      {
        id: '0d5b0f1a-2f65-4b5a-8d8e-7b8f3a3f9c22',
        name: 'before update',
        madeAt: '2025-04-02 18:05:09',
        parent: '5f2b8b57-6f8a-4a0e-9b0f-0e4d5d1f7a11',
        isCurrent: true,
      },
    ])
    expect(parseParallelsSnapshots('\n')).toEqual([])
  })

  test.each(['<no snapshots found>', '[1]', '{"a": 1}', '{"a": {"current": "yes"}}'])(
    '%j tells nothing',
    (text) => {
      expect(() => parseParallelsSnapshots(text)).toThrow(failed)
    },
  )
})

describe('vmrun list', () => {
  test('the paths of running machines', () => {
    expect(parseRunningMachines('Total running VMs: 0\n')).toEqual([])
    expect(parseRunningMachines('Total running VMs: 1\n/Users/a/V M.vmwarevm/V M.vmx\n')).toEqual([
      '/Users/a/V M.vmwarevm/V M.vmx',
    ])
  })

  test.each(['', 'Total running VMs: 2\n/a.vmx\n', 'Unable to connect to host.\n', 'Total running VMs: x\n'])(
    '%j tells nothing',
    (text) => {
      expect(() => parseRunningMachines(text)).toThrow(failed)
    },
  )
})
