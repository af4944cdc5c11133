import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findLab } from '@varve/lab/testing/lab-of-tests'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentInLab, askedInLab as varve, fleetInLab } from './testing/fleet-in-lab.ts'

const folder = await findLab({ isLong: true })

/** A library with an image in qcow2 and the same in raw: a GPT with an ext4 that has a file. */
const images = `set -e
  mkdir /root/lib; cd /root/lib
  truncate -s 100M a.raw
  sfdisk -q a.raw <<<$'label: gpt\\nsize=40M\\nsize=40M\\n'
  L=$(losetup -fP --show a.raw); udevadm settle
  mkfs.ext4 -q \${L}p1; mount \${L}p1 /mnt; echo words >/mnt/file; umount /mnt; losetup -d $L
  qemu-img convert -f raw -O qcow2 a.raw a.qcow2
  cp a.qcow2 w.qcow2; cp a.raw w.raw; sha256sum a.raw a.qcow2 >/root/sums`

const libraries = ['images=/root/lib']

describe.skipIf(folder === null)('an agent attaches and mounts with a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    await lab.ok(images)
    await lab.ok(fleetInLab(libraries))
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const attached = async () =>
    JSON.parse(await lab.ok(varve('attached --host north --json'))) as {
      readonly attached: readonly unknown[]
    }

  /** Nothing of ours is left, and no image that was only read is changed. */
  async function nothingIsLeft(): Promise<void> {
    expect(await attached()).toMatchObject({ attached: [] })
    expect(
      await lab.ok(
        'cd /root/lib; sha256sum --quiet -c /root/sums; ls /run/varve/attached; losetup -a; pgrep -fa "attached-server|nbd-client|qemu-nbd" || true',
      ),
    ).toBe('')
  }

  test('a qcow2 is served to nbd, and detached', async () => {
    await lab.ok(varve('attach a.qcow2 --host north'))
    const partitions = [{ number: 1 }, { number: 2 }]
    expect(await attached()).toMatchObject({
      attached: [{ device: '/dev/nbd0', how: 'nbd-client', readOnly: true, partitions }],
    })
    expect(await lab.ok('cmp /dev/nbd0 /root/lib/a.raw && echo same')).toBe('same')
    await lab.ok(varve('detach a.qcow2 --host north'))
    await nothingIsLeft()
  })

  test('a filesystem of a qcow2 is mounted, and unmounted', async () => {
    await lab.ok(varve('mount a.qcow2:1 /root/lib/m --host north'))
    expect(await lab.ok('cat /root/lib/m/file')).toBe('words')
    expect((await lab.run('echo x >/root/lib/m/x')).exitCode).not.toBe(0)
    await lab.ok(varve('umount /root/lib/m --host north'))
    await nothingIsLeft()
  })

  test.each([
    ['w.qcow2', 'qemu-nbd'],
    ['w.raw', 'loop'],
  ])('%s is written to through %s, after a word', async (name, how) => {
    const mount = varve(`mount ${name}:1 /root/lib/m --rw --host north`)
    expect((await lab.run(`${mount} --yes`)).exitCode).toBe(10)
    await lab.ok(`${mount} --accept image-is-written`)
    expect(await attached()).toMatchObject({ attached: [{ how, readOnly: false }] })
    await lab.ok(`echo more >/root/lib/m/more; ${varve('umount /root/lib/m --host north')}`)
    await nothingIsLeft()
    await lab.ok(varve(`mount ${name}:1 /root/lib/m --host north`))
    expect(await lab.ok('cat /root/lib/m/more')).toBe('more')
    await lab.ok(varve('umount /root/lib/m --host north'))
    await nothingIsLeft()
  })

  test('what an agent attached is there, and taken away, after the agent was killed', async () => {
    await lab.ok(varve('mount a.qcow2:1 /root/lib/m --host north'))
    await lab.ok(`pkill -9 -f varve-agent.mjs; sleep 1
      ${agentInLab(libraries)}
      for n in $(seq 120); do ${varve('attached --host north')} 2>/dev/null | grep -q a.qcow2 && exit 0; sleep 0.5; done; exit 1`)
    await lab.ok(varve('umount /root/lib/m --host north'))
    await nothingIsLeft()
  })
})
