import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { findTool, runToolOk } from '@varve/test-kit/tools'
import { connectQmp } from '../machine/qmp.ts'
import type { GuestKind } from './build-guest.ts'

/** What a guest says of itself when it is up. */
export interface Booted {
  readonly firmware: 'bios' | 'uefi'
  /** KiB of its root filesystem. */
  readonly rootKib: number
  /** How often it has booted from this disk. */
  readonly boots: number
  /** The screen as a portable pixmap, binary. */
  readonly screen: Buffer
}

const firmware = '/usr/share/OVMF'
const bootMs = 240_000
const pauseMs = 100

/**
 * Boots a disk image, on an overlay that is thrown away, until the guest says what it is; throws with the end of what it said
 * when it does not. `format`: as QEMU calls it.
 */
export async function bootGuest(image: string, format: string, kind: GuestKind): Promise<Booted> {
  await using place = await tempPlace()
  const [overlay, serial, socket] = [place.file('o.qcow2'), place.file('serial'), place.file('qmp')]
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', image, '-F', format, overlay])
  const variables = place.file('vars.fd')
  if (kind === 'uefi') await copyFile(join(firmware, 'OVMF_VARS_4M.fd'), variables)
  const pflash = (file: string, more: string) => ['-drive', `if=pflash,format=raw,${more}file=${file}`]
  const child = spawn(
    findTool('qemu-system-x86_64') ?? 'qemu-system-x86_64',
    [
      ['-M', 'q35,usb=off', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '512'],
      ['-nodefaults', '-vga', 'std', '-display', 'none', '-no-reboot', '-nic', 'none'],
      kind === 'uefi' ? pflash(join(firmware, 'OVMF_CODE_4M.fd'), 'readonly=on,') : [],
      kind === 'uefi' ? pflash(variables, '') : [],
      ['-drive', `file=${overlay},if=none,id=disk,cache=unsafe`, '-device', 'virtio-blk-pci,drive=disk'],
      ['-serial', `file:${serial}`, '-qmp', `unix:${socket},server=on,wait=off`],
    ].flat(),
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const ended = new AbortController()
  const gone = once(child, 'exit').then(([code]) =>
    ended.abort(new Error(`QEMU has ended (${String(code)}) before the guest was up`)),
  )
  try {
    const qmp = await connectQmp(socket, ended.signal)
    const said = await untilUp(serial, ended.signal)
    const screen = place.file('screen.ppm')
    await qmp('screendump', { filename: screen })
    return { ...said, screen: await readFile(screen) }
  } finally {
    child.kill('SIGKILL')
    await gone
  }
}

const marker = /BOOT-MARKER kib=(?<kib>\d+) firmware=(?<firmware>bios|uefi) boots=(?<boots>\d+)/u
const failed = /BOOT-FAILED|Kernel panic|grub rescue|Failed to boot/u

async function untilUp(serial: string, ended: AbortSignal): Promise<Omit<Booted, 'screen'>> {
  const end = performance.now() + bootMs
  for (;;) {
    ended.throwIfAborted()
    const text = await readFile(serial, 'latin1').catch(() => '')
    const { kib, firmware: by, boots } = marker.exec(text)?.groups ?? {}
    if (kib !== undefined && boots !== undefined)
      return { rootKib: Number(kib), firmware: by === 'uefi' ? 'uefi' : 'bios', boots: Number(boots) }
    if (failed.test(text) || performance.now() > end)
      throw new Error(`the guest did not come up: ${text.slice(-2000)}`)
    await sleep(pauseMs)
  }
}
