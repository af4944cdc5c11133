/** A member of an `ar` archive. */
export interface ArMember {
  readonly name: string
  readonly bytes: Uint8Array
}

/** An `ar` archive as dpkg reads it, deb(5). */
export function writeAr(members: readonly ArMember[], seconds: number): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from('!<arch>\n')]
  for (const { name, bytes } of members) {
    const fields = [name.padEnd(16), String(seconds).padEnd(12), '0'.padEnd(6), '0'.padEnd(6)]
    parts.push(Buffer.from(`${fields.join('')}${'100644'.padEnd(8)}${String(bytes.length).padEnd(10)}\`\n`))
    parts.push(bytes)
    if (bytes.length % 2 === 1) parts.push(Buffer.from('\n'))
  }
  return Buffer.concat(parts)
}

/** Names of processors as Debian has them. */
export const debianCpu = { x64: 'amd64', arm64: 'arm64' } as const

/** The `control` file, deb-control(5). `installedBytes`: of all files. */
export function controlFile(facts: {
  readonly version: string
  readonly cpu: keyof typeof debianCpu
  readonly installedBytes: number
}): string {
  return `Package: varve
Version: ${facts.version}
Architecture: ${debianCpu[facts.cpu]}
Maintainer: The Varve authors <varve@localhost>
Installed-Size: ${Math.ceil(facts.installedBytes / 1024)}
Depends: libc6 (>= 2.28), libstdc++6, systemd | systemd-standalone-sysusers | adduser
Recommends: qemu-utils, e2fsprogs
Suggests: lvm2, ntfs-3g, xfsprogs, btrfs-progs, cryptsetup-bin, libnbd-bin
Section: admin
Priority: optional
Description: manages virtual machine disk images layer by layer
 The command varve, the controller of a fleet and the agent of its hosts, with
 the Node.js that they run on. Nothing is started by itself: see
 varve-controller.service and varve-agent.service.
`
}
