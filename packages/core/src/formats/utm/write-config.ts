import { writePropertyList, type WrittenDictionary } from '../../text/write-property-list.ts'
import type { NewMachine } from '../machine/new-machine.ts'
import { knownVersion } from './config.ts'

const MiB = 1024 ** 2

export type UtmBackend = 'qemu' | 'apple'

/** What machines of an architecture get, as UTM's own defaults have it; a drive of NVMe where Windows has no VirtIO driver. */
const qemuHardware = {
  x86_64: { target: 'q35', display: 'virtio-vga', network: 'e1000', drive: { linux: 'IDE', windows: 'IDE' } },
  aarch64: {
    target: 'virt',
    display: 'virtio-ramfb',
    network: 'virtio-net-pci',
    drive: { linux: 'VirtIO', windows: 'NVMe' },
  },
} as const

/** `config.plist` of a machine with one disk `Data/IMAGE`: every key that UTM 4 demands, nothing shared with the host. */
export function utmConfig(
  machine: NewMachine,
  { backend, image, file }: { readonly backend: UtmBackend; readonly image: string; readonly file: string },
): Uint8Array {
  const config = backend === 'apple' ? appleConfig(machine, image) : qemuConfig(machine, image)
  return writePropertyList(config, file)
}

function qemuConfig(machine: NewMachine, image: string): WrittenDictionary {
  const { architecture, guest, driveId, mac, firmware } = machine
  const hardware = qemuHardware[architecture]
  return {
    Backend: 'QEMU',
    ConfigurationVersion: knownVersion,
    Information: information(machine),
    System: {
      Architecture: architecture,
      Target: hardware.target,
      CPU: 'default',
      CPUFlagsAdd: [],
      CPUFlagsRemove: [],
      CPUCount: machine.cpus ?? 0,
      ForceMulticore: false,
      MemorySize: machine.memory / MiB,
      JITCacheSize: 0,
    },
    QEMU: {
      DebugLog: false,
      UEFIBoot: firmware === 'efi',
      RNGDevice: true,
      BalloonDevice: false,
      TPMDevice: false,
      // UTM uses it only where the Mac's processor is of the guest's architecture.
      Hypervisor: true,
      RTCLocalTime: guest === 'windows',
      PS2Controller: false,
      AdditionalArguments: [],
    },
    Input: { UsbBusSupport: '3.0', UsbSharing: false, MaximumUsbShare: 3 },
    Sharing: { DirectoryShareMode: 'None', DirectoryShareReadOnly: false, ClipboardSharing: false },
    Display: [
      {
        Hardware: hardware.display,
        DynamicResolution: true,
        NativeResolution: false,
        UpscalingFilter: 'Nearest',
        DownscalingFilter: 'Linear',
      },
    ],
    Drive: [
      {
        Identifier: driveId,
        ImageName: image,
        ImageType: 'Disk',
        Interface: hardware.drive[guest],
        InterfaceVersion: 1,
        ReadOnly: false,
      },
    ],
    Network: [
      {
        Mode: 'Shared',
        Hardware: hardware.network,
        MacAddress: mac.join(':'),
        IsolateFromHost: false,
        PortForward: [],
      },
    ],
    Serial: [],
    Sound: [{ Hardware: 'intel-hda' }],
  }
}

/** Of Linux only: a Mac's disk starts with the identity that lies beside it, which no disk has. */
function appleConfig(machine: NewMachine, image: string): WrittenDictionary {
  return {
    Backend: 'Apple',
    ConfigurationVersion: knownVersion,
    Information: information(machine),
    System: {
      Architecture: machine.architecture,
      CPUCount: machine.cpus ?? 0,
      MemorySize: machine.memory / MiB,
      Boot: { OperatingSystem: 'Linux', UEFIBoot: true, EfiVariableStoragePath: 'efi_vars.fd' },
    },
    Virtualization: {
      Audio: false,
      Balloon: true,
      Entropy: true,
      Keyboard: 'Generic',
      Pointer: 'Mouse',
      Rosetta: false,
      ClipboardSharing: false,
    },
    Display: [{ WidthPixels: 1920, HeightPixels: 1200, PixelsPerInch: 80, DynamicResolution: true }],
    Drive: [{ Identifier: machine.driveId, ImageName: image, ReadOnly: false, Nvme: false }],
    Network: [{ Mode: 'Shared', MacAddress: machine.mac.join(':') }],
    Serial: [],
  }
}

function information({ name, machineId }: NewMachine): WrittenDictionary {
  return { Name: name, UUID: machineId, IconCustom: false }
}
