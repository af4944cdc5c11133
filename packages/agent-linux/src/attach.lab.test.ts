import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findLab } from '@varve/lab/testing/lab-of-tests'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = await findLab()

interface Attached {
  readonly attachment: string
  readonly image: string
  readonly device: string
  readonly how: string
  readonly state: string
  readonly pid: number | null
}

/** An image in qcow2 with an ext4 that has a file, and a copy of it as it lay there while it was written to. */
const images = `set -e
  truncate -s 100M /root/a.raw
  sfdisk -q /root/a.raw <<<$'label: gpt\\nsize=40M\\nsize=40M\\n'
  L=$(losetup -fP --show /root/a.raw); udevadm settle
  mkfs.ext4 -q \${L}p1; mount \${L}p1 /mnt; echo words >/mnt/file; sync
  qemu-img convert -U -f raw -O qcow2 /root/a.raw /root/dirty.qcow2
  umount /mnt; losetup -d $L
  qemu-img convert -f raw -O qcow2 /root/a.raw /root/a.qcow2
  sha256sum /root/*.qcow2 >/root/sums`

describe.skipIf(folder === null)('images as devices of a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    await lab.ok(images)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  async function attachedNow(): Promise<readonly Attached[]> {
    const { attached } = JSON.parse(await lab.ok('varve attached --json')) as {
      attached: readonly Attached[]
    }
    return attached
  }

  /** Nothing of ours is left, and no image is changed. */
  async function nothingIsLeft(): Promise<void> {
    expect(
      await lab.ok(
        'sha256sum --quiet -c /root/sums; ls /run/varve/attached; pgrep -fa "attached-server|nbd-client" || true',
      ),
    ).toBe('')
  }

  test('a qcow2 is served to nbd read-only, with its partitions, until it is detached', async () => {
    const record = JSON.parse(await lab.ok('varve attach /root/a.qcow2 --json')) as Record<string, unknown>
    expect(record).toMatchObject({
      image: '/root/a.qcow2',
      device: '/dev/nbd0',
      how: 'nbd-client',
      readOnly: true,
      partitions: [
        { number: 1, device: '/dev/nbd0p1' },
        { number: 2, device: '/dev/nbd0p2' },
      ],
    })
    expect(await lab.ok('cmp /dev/nbd0 /root/a.raw && echo same')).toBe('same')
    expect((await lab.run('dd if=/dev/zero of=/dev/nbd0 bs=512 count=1 oflag=direct')).exitCode).not.toBe(0)
    const refused = await lab.run('varve delete /root/a.qcow2 --yes')
    expect(refused.stderr).toContain('/root/a.qcow2')
    expect(refused.exitCode).toBe(4)
    await lab.ok('varve detach /root/a.qcow2')
    await nothingIsLeft()
  })

  test('a dirty journal is replayed aside, and what was replayed is thrown away', async () => {
    const record = JSON.parse(await lab.ok('varve mount /root/dirty.qcow2:1 /root/m --json')) as object
    expect(record).toMatchObject({ folder: '/root/m', partition: 1, throwAway: true })
    expect(await lab.ok('cat /root/m/file')).toBe('words')
    await lab.ok('varve umount /root/m')
    expect((await lab.run('ls -d /root/m')).exitCode).not.toBe(0)
    await nothingIsLeft()
  })

  test('a server that was killed is shown as dead, and what is left of it is taken away', async () => {
    await lab.ok('varve attach /root/a.qcow2')
    const [live] = await attachedNow()
    expect(live).toMatchObject({ state: 'live', pid: expect.any(Number) as number })
    await lab.ok(`kill -9 ${live?.pid ?? 0}; sleep 2`)
    expect(await attachedNow()).toMatchObject([{ state: 'dead-server', pid: null }])
    await lab.ok('varve detach /root/a.qcow2')
    await nothingIsLeft()
  })

  test('a command that was killed leaves what is found, shown and taken away', async () => {
    await lab.run(`varve attach /root/a.qcow2 & P=$!
      for n in $(seq 600); do ls /run/varve/attached/*.server && break; sleep 0.1; done
      kill -9 $P; wait $P`)
    const [found] = await attachedNow()
    expect(found).toMatchObject({ image: '/root/a.qcow2' })
    await lab.ok('varve detach /root/a.qcow2')
    await nothingIsLeft()
  })

  test('for writing: a word by name, then qemu-nbd writes to the image and nobody else may', async () => {
    // As nbd-client leaves it behind.
    await lab.ok('cp /root/a.qcow2 /root/w.qcow2 && blockdev --setro /dev/nbd0')
    const unsaid = await lab.run('varve attach /root/w.qcow2 --rw --yes')
    expect(unsaid.exitCode).toBe(10)
    await lab.ok('varve attach /root/w.qcow2 --rw --accept image-is-written')
    const [written] = await attachedNow()
    expect(written).toMatchObject({ how: 'qemu-nbd', state: 'live', pid: expect.any(Number) as number })
    expect(written?.device).not.toBe('/dev/nbd0')
    await lab.ok(`mount ${written?.device ?? ''}p1 /mnt && echo more >/mnt/more && umount /mnt`)
    await lab.ok('varve detach /root/w.qcow2 && qemu-img check -q /root/w.qcow2')
    await lab.ok('varve mount /root/w.qcow2:1 /root/m')
    expect(await lab.ok('cat /root/m/more')).toBe('more')
    await lab.ok('varve umount /root/m')
    await nothingIsLeft()
  })

  test('without nbd-client qemu-nbd connects the device', async () => {
    await lab.ok('mv /usr/sbin/nbd-client /root/')
    try {
      await lab.ok('varve attach /root/a.qcow2')
      expect(await attachedNow()).toMatchObject([{ how: 'qemu-nbd', state: 'live' }])
      await lab.ok('varve detach /root/a.qcow2')
    } finally {
      await lab.ok('mv /root/nbd-client /usr/sbin/')
    }
    await nothingIsLeft()
  })
})
