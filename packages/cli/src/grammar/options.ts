import { Option, type Command } from 'commander'

/** For options that may be repeated. */
export const collect = (text: string, earlier: readonly string[]): readonly string[] => [...earlier, text]

/** Choices between readings of an image, as `name=value`. */
export function readOption(): Option {
  return new Option(
    '--read <name=value>',
    'vhd-bitmap=honour|ignore, vhd-size=geometry|current; may be repeated',
  )
    .argParser(collect)
    .default([])
}

/** For commands that read a disk: what of its findings is consented to. */
export function addAcceptOption(command: Command): Command {
  return command.option(
    '--accept <ids>',
    'ids of findings to consent to, comma-separated; in-use reads a disk that others may write to as it lies there',
  )
}

/** How an image is to be read, where that is not clear by itself: `ReadingOptions`. */
export function addReadingOptions(command: Command): Command {
  return command
    .option('-f, --format <format>', 'take the image for this format instead of detecting it')
    .addOption(readOption())
    .option('--rescue', 'read what would be refused, as far as it goes: proven by nothing')
}

/** For commands that read or write NBD exports. */
export function addTlsOption(command: Command): Command {
  return command.option(
    '--tls-certificates <folder>',
    'with nbds://: ca-cert.pem, and client-cert.pem with client-key.pem where the server wants them',
  )
}

/** What every operation takes: `OperateOptions`. */
export function addOperationOptions(command: Command): Command {
  return addPlanOptions(command).option(
    '--accept <ids>',
    'ids of findings of the plan to consent to, comma-separated',
  )
}

/** The same for commands that say themselves what `--accept` takes. */
export function addPlanOptions(command: Command): Command {
  return addShowOptions(addHostOptions(command))
    .option('--wait', 'when another run works on the image, wait for its end and plan again')
    .option('-y, --yes', 'consent to the plan, but for findings that ask for a word by name')
}

/** What commands take that only read, and could be done on a host of the fleet: `ReadOptions`. */
export function addReadOptions(command: Command): Command {
  return addFreeOptions(addHostOptions(command))
}

/** For commands that change nothing: `FreeOptions`. */
export function addFreeOptions(command: Command): Command {
  return addShowOptions(command).option('-y, --yes', 'as with other commands; this one asks nothing')
}

function addShowOptions(command: Command): Command {
  return command
    .option('--plan', 'print the plan and do nothing')
    .option('--script', 'print the plan as a runbook for the shell and do nothing')
}

/** How images are copied: `CopyOptions`. */
export function addCopyOptions(command: Command): Command {
  return addPlanOptions(addAcceptOption(command))
    .option(
      '--force',
      'replace the target when it exists, once the new image is complete; the old one goes into quarantine',
    )
    .option(
      '--no-reflink',
      'copy the data even where the target could share blocks with the source (Btrfs, XFS)',
    )
    .option('--no-verify', 'do not read the new image back before it gets its name')
    .addOption(
      new Option('--durability <when>', 'synced: wait until the target is on the medium; cached: as with cp')
        .choices(['synced', 'cached'])
        .default('synced'),
    )
    .addOption(
      new Option(
        '--snapshots <choice>',
        'snapshots inside the source: drop leaves them out, extract writes each as an image of its own; SOURCE@NAME reads one',
      ).choices(['drop', 'extract']),
    )
}

/** For what can also be done on a host of the fleet: `HostOptions`. */
export function addHostOptions(command: Command): Command {
  return command
    .option('--host <host>', 'do it on this host of the fleet; files are paths there or names in its library')
    .option('--library <library>', 'with --host: the library, where the host has several')
    .option('--detach', 'with --host: do not wait for its end')
    .option('--controller <url>', 'with --host: the controller (or VARVE_CONTROLLER)')
}

/** For operations on an entry of a quarantine, which is named by its id: `QuarantineIdOptions`. */
export function addQuarantineOptions(command: Command): Command {
  return addOperationOptions(command).option(
    '--folder <folder>',
    'look in the quarantine of this folder too; may be repeated',
    collect,
    [],
  )
}

/** How a volume is made that is the target: `VolumeOptions`. */
export function addVolumeOptions(command: Command): Command {
  return command
    .option('--thin-pool <name>', 'with lvm:VG/LV: make the volume thin, in this pool of its group')
    .option('--sparse', 'with zfs:POOL/VOLUME: keep nothing back for the volume')
}

/** What opens LUKS comes over standard input. */
export function addLuksOptions(command: Command): Command {
  return command
    .option(
      '--luks',
      'open its LUKS with the passphrase on standard input (a newline at its end does not count)',
    )
    .option('--luks-key', 'the same with the bytes of a key file on standard input')
}

/** What a new image is to be: format, kind, compression, choices. */
export function addOutputOptions(command: Command): Command {
  return command
    .option('-O, --output-format <format>', 'format of the new image; default: by its extension')
    .option('--subformat <kind>', 'kind of the format, such as dynamic or fixed')
    .addOption(compressOption())
    .option(
      '--option <name=value>',
      'choice of the format, such as extended_l2=on or preallocation=metadata; may be repeated',
      collect,
      [],
    )
    .option(
      '--backing <file>',
      'make it an overlay that holds only what differs from this image (qcow2, vmdk, vhd, vhdx, vdi)',
    )
    .option('--backing-format <format>', 'take the backing file for this format instead of detecting it')
}

/** How clusters are compressed. */
export function compressOption(): Option {
  return new Option('--compress <method>', 'compress the clusters (qcow2)').choices(['zlib', 'zstd'])
}

/** For commands that ask the fleet: `FleetOptions`. */
export function addControllerOption(command: Command): Command {
  return command.option(
    '--controller <url>',
    'the controller (or VARVE_CONTROLLER; default http://127.0.0.1:7070)',
  )
}
