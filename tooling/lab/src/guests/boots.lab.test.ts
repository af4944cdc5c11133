import { join } from 'node:path'
import { requires } from '@varve/test-kit/tools'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLab, type Lab } from '../machine/start-lab.ts'
import { findLab } from '../testing/lab-of-tests.ts'
import { bootGuest, type Booted } from './boot-guest.ts'
import { makeGuest, prepareGuests, type GuestKind } from './build-guest.ts'

const folder = await findLab({ isLong: true })
type Format = 'qcow2' | 'vmdk' | 'vhdx'

describe.skipIf(folder === null || !requires('grub-mkimage', 'qemu-system-x86_64'))(
  'a guest that is made larger and smaller',
  () => {
    let lab: Lab
    beforeAll(async () => {
      lab = await startLab(folder ?? '')
      await prepareGuests(lab, folder ?? '')
    })
    afterAll(async () => {
      await lab[Symbol.asyncDispose]()
    })

    async function boot(kind: GuestKind, format: Format): Promise<Booted> {
      const name = `${kind}.${format}`
      await lab.ok(`cp --sparse=always /root/${name} /host/${name}`)
      return await bootGuest(join(lab.share, name), format, kind)
    }

    /** One line for each file of the guest's data: kind, rights, owner, size, links, name, contents. */
    async function filesOf(kind: GuestKind, format: string): Promise<string> {
      const root = kind === 'bios' ? '1' : 'guest/root'
      return await lab.ok(`set -e
      varve mount '/root/${kind}.${format}:${root}' /mnt/files --yes >&2
      cd /mnt/files/data; findmnt -no FSTYPE -T . | grep -qx ext4
      find . -printf '%y %m %U:%G %s %n %P -> %l\\n' | sort; find . -type f -print0 | sort -z | xargs -0 sha256sum
      find . -print0 | sort -z | xargs -0 getfattr -d; cd /; varve umount /mnt/files --yes >&2`)
    }

    test.each<readonly [GuestKind, Format]>([
      ['bios', 'vhdx'],
      ['uefi', 'vmdk'],
      ['uefi', 'qcow2'],
    ])('%s, %s', { timeout: 1_800_000 }, async (kind, format) => {
      const name = `/root/${kind}.${format}`
      await makeGuest(lab, kind, '/root/guest.raw')
      await lab.ok(`varve convert /root/guest.raw ${name} --yes`)
      const files = await filesOf(kind, format)
      expect(files).toContain('ñandú')
      const before = await boot(kind, format)
      expect(before).toMatchObject({ firmware: kind, boots: 1 })

      await lab.ok(`varve grow ${name} --to 200M --contents --yes`)
      const larger = await boot(kind, format)
      expect(larger).toMatchObject({ firmware: kind, boots: 1 })
      expect(larger.rootKib).toBeGreaterThan(before.rootKib + 80 * 1024)
      expect(await filesOf(kind, format)).toBe(files)

      await lab.ok(`varve shrink ${name} --to 120M --contents --yes`)
      const smaller = await boot(kind, format)
      expect(smaller).toMatchObject({ firmware: kind, boots: 1 })
      expect(smaller.rootKib).toBeLessThan(larger.rootKib - 60 * 1024)
      expect(await filesOf(kind, format)).toBe(files)
      // Its filesystem is made anew, in LVM too, and what starts it is where it was.
      await lab.ok(`varve shrink ${name} --to 110M --by-files --yes`)
      const anew = await boot(kind, format)
      expect(anew).toMatchObject({ firmware: kind, boots: 1 })
      expect(anew.rootKib).toBeLessThan(smaller.rootKib)
      expect(await filesOf(kind, format)).toBe(files)
      // The words of the guest stand on the screen.
      expect(new Set(smaller.screen.subarray(20)).size).toBeGreaterThan(1)
      await lab.ok(`rm -f ${name} /root/guest.raw`)
    })
  },
)
