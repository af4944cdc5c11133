import { createHash } from 'node:crypto'
import { byCodeUnits } from './tree.ts'

/** Something of others that a release has inside. */
export interface Component {
  readonly name: string
  readonly version: string
  readonly licence: string
  /** SHA-512 of its package as it was published, in hexadecimal. */
  readonly sha512: string
}

/** Its address as package-url has it. */
export function packageUrl({ name, version }: Pick<Component, 'name' | 'version'>): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`
}

/** What the bill is of. */
export interface BilledRelease {
  readonly version: string
  readonly target: string
  readonly seconds: number
}

/** The bill of materials of a release, CycloneDX 1.6; the same for the same content. */
export function billOfMaterials(
  { version, target, seconds }: BilledRelease,
  components: readonly Component[],
): string {
  const own = `varve@${version}-${target}`
  const parts = [...components]
    .sort((a, b) => byCodeUnits(packageUrl(a), packageUrl(b)))
    .map((component) => ({
      type: 'library',
      'bom-ref': packageUrl(component),
      name: component.name,
      version: component.version,
      scope: 'required',
      hashes: [{ alg: 'SHA-512', content: component.sha512 }],
      licenses: [licenceOf(component.licence)],
      purl: packageUrl(component),
    }))
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialOf(JSON.stringify([own, parts])),
    version: 1,
    metadata: {
      timestamp: new Date(seconds * 1000).toISOString().replace('.000Z', 'Z'),
      component: {
        type: 'application',
        'bom-ref': own,
        name: 'varve',
        version,
        licenses: [licenceOf('Apache-2.0')],
      },
    },
    components: parts,
    dependencies: [{ ref: own, dependsOn: parts.map((part) => part['bom-ref']) }],
  }
  return `${JSON.stringify(bill, null, 2)}\n`
}

/** One identifier of SPDX, or an expression of several. */
function licenceOf(text: string) {
  return /^[\w.+-]+$/u.test(text) ? { license: { id: text } } : { expression: text }
}

/** A UUID (version 8, RFC 9562) that follows from what it names. */
function serialOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return `urn:uuid:${bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/u, '$1-$2-$3-$4-')}`
}
