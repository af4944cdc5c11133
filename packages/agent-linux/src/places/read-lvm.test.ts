import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ScriptedAnswer } from '@varve/agent/testing/scripted-tool-runner'
import { expect, test } from 'vitest'
import { scriptedTools } from '../testing/scripted-tools.ts'
import { listVolumes } from '../tools/lvs/list-volumes.ts'
import { listDevices } from '../tools/pvs/list-devices.ts'
import { listGroups } from '../tools/vgs/list-groups.ts'
import { readLvm } from './read-lvm.ts'

const real = async (name: string) => readFile(join(import.meta.dirname, 'fixtures', name), 'utf8')

async function answers(change: (lvs: string) => string = (lvs) => lvs): Promise<ScriptedAnswer[]> {
  const [vgs, pvs, lvs] = await Promise.all(['vgs.json', 'pvs.json', 'lvs.json'].map(real))
  return [
    { tool: 'lvm', args: listGroups().args, stdout: vgs ?? '' },
    { tool: 'lvm', args: listDevices().args, stdout: pvs ?? '' },
    { tool: 'lvm', args: listVolumes().args, stdout: change(lvs ?? '') },
  ]
}

test('a group with a thin pool, thin volumes, a thick one and snapshots of both kinds', async () => {
  const [group, ...others] = await readLvm(scriptedTools(await answers()))
  expect(others).toEqual([])
  expect(group).toMatchObject({
    name: 'host',
    size: 1254096896,
    free: 880803840,
    extentSize: 4194304,
    missing: 0,
    devices: [{ device: '/dev/loop0', size: 1254096896, free: 880803840 }],
  })
  expect(group?.pools).toEqual([
    {
      address: 'lvm:host/pool',
      name: 'pool',
      uuid: 'of5agZ-lueR-i5yz-Pf1b-Bivp-gNEc-uLYT2o',
      size: 314572800,
      // 6.67 % and 11.13 %, rounded up.
      dataUsed: 20982006,
      metadataSize: 4194304,
      metadataUsed: 466827,
      chunkSize: 65536,
      promised: 2 * 209715200,
      zeroesNew: true,
      health: null,
    },
  ])
  expect(group?.volumes).toMatchObject([
    { address: 'lvm:host/lin', kind: 'linear', size: 41943040, used: 41943040, pool: null, origin: null },
    { address: 'lvm:host/linsnap', kind: 'snapshot', origin: 'lin', device: '/dev/host/linsnap' },
    {
      address: 'lvm:host/vm-1',
      kind: 'thin',
      used: 20971520,
      pool: 'pool',
      device: '/dev/host/vm-1',
      isOpen: false,
      readOnly: false,
    },
    { address: 'lvm:host/vm-1-snap', kind: 'thin', used: null, origin: 'vm-1', device: null },
  ])
})

test('a volume of several segments is told once', async () => {
  const twice = (lvs: string) => lvs.replace(/^.*"lv_name":"lin",.*\n/mu, (line) => line + line)
  const [group] = await readLvm(scriptedTools(await answers(twice)))
  expect(group?.volumes).toHaveLength(4)
})

test.each<[string, (lvs: string) => string]>([
  ['no JSON', () => 'WARNING: nothing'],
  ['a size that is none', (lvs) => lvs.replace('"41943040"', '"40.00m"')],
  ['a size beyond what can be counted', (lvs) => lvs.replace('"41943040"', '"9999999999999999"')],
  ['more than all of a pool', (lvs) => lvs.replace('"6.67"', '"106.67"')],
  ['a field that is not there', (lvs) => lvs.replace('"lv_path":"/dev/host/lin", ', '')],
])('%s is refused', async (_, change) => {
  await expect(readLvm(scriptedTools(await answers(change)))).rejects.toMatchObject({ code: 'tool-failed' })
})
