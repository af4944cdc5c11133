import type { Lab } from '@varve/lab/machine/start-lab'
import { expect } from 'vitest'

/** Nothing of ours is left in the lab, and its own group `vg0` is as it was when `/root/table`, `/root/group` and `/root/made` were written. */
export async function labIsClean(lab: Lab): Promise<void> {
  expect(
    await lab.ok(`find /run/varve/attached /run/udev/rules.d -type f; ls /root/.*.part 2>/dev/null
        dmsetup table | diff /root/table - && vgs --noheadings -o vg_uuid,vg_seqno,vg_size vg0 | diff /root/group -
        find /etc/lvm -newer /root/made -type f; cat /root/own/file`),
  ).toBe('host')
}
