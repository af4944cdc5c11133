import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findZfsLab, loadZfs } from '@varve/lab/zfs/load-zfs'
import type { HostView } from '@varve/protocol/hosts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentInLab, askedInLab as varve, fleetInLab } from './testing/fleet-in-lab.ts'

const folder = await findZfsLab()
const mib = 1024 ** 2
const libraries = ['images=/root/lib', 'vms=lvm:host', 'zvols=zfs:tank/vms']

/** A group that has a thin pool and no volume, a pool of ZFS, and an image with 40 MiB of data in 131 MiB. */
const host = `set -e
  mkdir /root/lib; cd /root
  truncate -s 1200M pv.raw; vgcreate -q host $(losetup -f --show pv.raw)
  lvcreate -q -y --type thin-pool -L 300M -n pool host
  truncate -s 600M z.raw; zpool create tank /root/z.raw; zfs create tank/vms
  truncate -s 131M a.raw; dd if=/dev/urandom of=a.raw bs=1M count=40 seek=10 conv=notrunc status=none
  printf end | dd of=a.raw bs=1 seek=$((131 * 1048576 - 3)) conv=notrunc status=none
  qemu-img convert -f raw -O qcow2 a.raw lib/a.qcow2; sync`

describe.skipIf(folder === null)('migrations into volumes of a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    await loadZfs(lab)
    await lab.ok(host)
    await lab.ok(fleetInLab(libraries))
    await lab.ok(
      `for n in $(seq 300); do ${varve('images')} 2>/dev/null | grep -q a.qcow2 && exit 0; sleep 0.5; done; exit 1`,
    )
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const migrate = (name: string, more: string) => varve(`migrate north:a.qcow2 north:${name} ${more}`)
  const volumes = async () =>
    await lab.ok('lvs --noheadings -o lv_name host | tr -d " " | sort; zfs list -H -o name -t volume')

  async function expectDiskAt(device: string): Promise<void> {
    const size = 131 * mib
    expect(
      await lab.ok(
        `cmp -n ${size} ${device} /root/a.raw && cmp -i ${size}:0 -n $(($(blockdev --getsize64 ${device}) - ${size})) ${device} /dev/zero && echo same`,
      ),
    ).toBe('same')
  }

  test('the libraries tell their room and pools', async () => {
    const views = JSON.parse(await lab.ok(varve('hosts --json'))) as readonly HostView[]
    expect(views[0]?.libraries).toMatchObject([
      { name: 'images' },
      { name: 'vms', volumes: { kind: 'lvm', group: 'host', fault: null, pools: [{ name: 'pool' }] } },
      { name: 'zvols', volumes: { kind: 'zfs', group: 'tank', parent: 'vms/', fault: null } },
    ])
  })

  test.each([
    ['vms', 'thick', '', '/dev/host/thick'],
    ['vms', 'thin', '--thin-pool pool', '/dev/host/thin'],
    ['zvols', 'kept', '', '/dev/zvol/tank/vms/kept'],
    ['zvols', 'sparse', '--sparse', '/dev/zvol/tank/vms/sparse'],
  ])('into %s, %s', async (library, name, choice, device) => {
    const told = await lab.ok(migrate(name, `--library ${library} ${choice}`))
    expect(told).toMatch(/succeeded[\s\S]*equal$/u)
    await expectDiskAt(device)
    expect(await lab.ok('losetup -a | grep -v -e pv.raw || true; pgrep -fa nbd-client || true')).toBe('')
  })

  test('what is thin takes what it holds', async () => {
    const held = Number(await lab.ok('lvs --noheadings -o data_percent host/thin'))
    expect((held / 100) * 132 * mib).toBeLessThan(48 * mib)
    const referenced = 'zpool sync; zfs get -Hpo value referenced tank/vms/sparse'
    expect(Number(await lab.ok(referenced))).toBeLessThan(48 * mib)
  })

  test('a pool that would run full is refused before anything is made', async () => {
    const before = await volumes()
    await lab.ok('lvcreate -q -y -V 280M --thinpool pool -n full host')
    await lab.ok('dd if=/dev/urandom of=/dev/host/full bs=1M count=230 oflag=direct status=none')
    const { exitCode, stdout } = await lab.run(migrate('more', '--library vms --thin-pool pool'))
    await lab.ok('lvremove -q -y host/full')
    expect(exitCode).not.toBe(0)
    expect(stdout).toMatch(/would run full|are needed and/u)
    expect(await volumes()).toBe(before)
  })

  test('the agent is killed while it writes: it goes on, and one volume is there', async () => {
    const started = JSON.parse(await lab.ok(migrate('again', '--library vms --detach --json'))) as {
      readonly number: number
    }
    await lab.ok(`for n in $(seq 600); do ls /dev/host 2>/dev/null | grep -q varve-new && break; sleep 0.05; done
      pkill -9 -f varve-agent.mjs; sleep 1; ${agentInLab(libraries)}
      for n in $(seq 60); do sleep 5; ${varve(`migrations ${started.number}`)} >/root/state; head -n 1 /root/state | grep -q succeeded && exit 0; done
      cat /root/state /root/log >&2; exit 1`)
    await expectDiskAt('/dev/host/again')
    expect((await volumes()).split('\n')).not.toContainEqual(expect.stringContaining('varve-new'))
  })
})
