import { join } from 'node:path'

export interface MachineFiles {
  /** Kernel and initial RAM disk. */
  readonly lab: string
  /** The root disk, qcow2: written to. */
  readonly disk: string
  /** The folder that the guest sees as /host. */
  readonly share: string
  /** The checkout, which the guest reads under the same path. */
  readonly checkout: string
  /** Where its sockets are. */
  readonly sockets: string
}

/** Where QEMU listens for QMP, and where the guest's port comes out. */
export function socketsOf(folder: string): { readonly qmp: string; readonly port: string } {
  return { qmp: join(folder, 'qmp.sock'), port: join(folder, 'lab.sock') }
}

/** The arguments of `qemu-system-x86_64`; a saved state fits only the very same ones. */
export function qemuArguments({ lab, disk, share, checkout, sockets }: MachineFiles): readonly string[] {
  const { qmp, port } = socketsOf(sockets)
  return [
    ['-M', 'q35,usb=off', '-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'max', '-smp', '2', '-m', '1024'],
    ['-nodefaults', '-no-reboot', '-display', 'none'],
    ['-drive', `file=${comma(disk)},if=none,id=root,format=qcow2,cache=unsafe,discard=unmap`],
    ['-device', 'virtio-blk-pci,drive=root,addr=2'],
    ['-fsdev', `local,id=host,path=${comma(share)},security_model=none`],
    ['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host,addr=3'],
    ['-fsdev', `local,id=checkout,path=${comma(checkout)},security_model=none,readonly=on`],
    ['-device', 'virtio-9p-pci,fsdev=checkout,mount_tag=checkout,addr=9'],
    ['-device', 'virtio-rng-pci,addr=4', '-device', 'virtio-scsi-pci,id=scsi,addr=5'],
    [
      '-device',
      'virtio-serial-pci,addr=6',
      '-chardev',
      `socket,id=lab,path=${comma(port)},server=on,wait=off`,
    ],
    ['-device', 'virtserialport,chardev=lab,name=lab'],
    ['-serial', `file:${join(share, 'console.txt')}`, '-qmp', `unix:${comma(qmp)},server=on,wait=off`],
    ['-kernel', join(lab, 'vmlinuz'), '-initrd', join(lab, 'initrd.gz')],
    ['-append', 'console=ttyS0 quiet mitigations=off nokaslr random.trust_cpu=on'],
  ].flat()
}

/** QEMU's own way to write a comma in the value of an option. */
function comma(path: string): string {
  return path.replaceAll(',', ',,')
}
