import type { Firmware } from '../../image/image-choices.ts'

export interface OvfFacts {
  readonly name: string
  readonly diskFile: string
  readonly diskFileSize: number
  readonly virtualSize: number
  readonly cpus: number
  /** Bytes, whole MiB. */
  readonly memory: number
  readonly firmware: Firmware
  /** UUIDs for VirtualBox's own part of the description. */
  readonly machineId: string
  readonly diskId: string
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/**
 * A description of a machine with this disk, in `size` bytes: blanks fill what is left. One that needs UEFI says so in the
 * words of VMware (`vmw:Config`) and of VirtualBox (`vbox:Machine`), for OVF has none; others ignore what they do not know.
 */
export function ovfBytes(facts: OvfFacts, size: number): Uint8Array {
  const text = new TextEncoder().encode(ovfText(facts))
  if (text.length > size) throw new RangeError(`an OVF of ${text.length} bytes, room for ${size}`)
  const bytes = new Uint8Array(size).fill(0x20)
  bytes.set(text)
  bytes[size - 1] = 0x0a
  return bytes
}

function ovfText(facts: OvfFacts): string {
  const { name, diskFile, diskFileSize, virtualSize, cpus, memory, firmware } = facts
  const [machine, file] = [quoted(name), quoted(diskFile)]
  const megabytes = memory / 1024 ** 2
  const isEfi = firmware === 'efi'
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData"${isEfi ? efiNamespaces : ''}>
  <References>
    <File ovf:href="${file}" ovf:id="file1" ovf:size="${diskFileSize}"/>
  </References>
  <DiskSection>
    <Info>Virtual disks</Info>
    <Disk ovf:capacity="${virtualSize}" ovf:capacityAllocationUnits="byte" ovf:diskId="vmdisk1" ovf:fileRef="file1" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"${isEfi ? ` vbox:uuid="${facts.diskId}"` : ''}/>
  </DiskSection>
  <VirtualSystem ovf:id="${machine}">
    <Info>A virtual machine</Info>
    <Name>${machine}</Name>
    <OperatingSystemSection ovf:id="1">
      <Info>The guest operating system</Info>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>Virtual hardware</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>${machine}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>vmx-08</vssd:VirtualSystemType>
      </System>
      <Item>
        <rasd:AllocationUnits>hertz * 10^6</rasd:AllocationUnits>
        <rasd:ElementName>${cpus} virtual CPU${cpus === 1 ? '' : 's'}</rasd:ElementName>
        <rasd:InstanceID>1</rasd:InstanceID>
        <rasd:ResourceType>3</rasd:ResourceType>
        <rasd:VirtualQuantity>${cpus}</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>
        <rasd:ElementName>${megabytes} MB of memory</rasd:ElementName>
        <rasd:InstanceID>2</rasd:InstanceID>
        <rasd:ResourceType>4</rasd:ResourceType>
        <rasd:VirtualQuantity>${megabytes}</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:Address>0</rasd:Address>
        <rasd:ElementName>SCSI controller 0</rasd:ElementName>
        <rasd:InstanceID>3</rasd:InstanceID>
        <rasd:ResourceSubType>lsilogic</rasd:ResourceSubType>
        <rasd:ResourceType>6</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AddressOnParent>0</rasd:AddressOnParent>
        <rasd:ElementName>Hard disk 1</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/vmdisk1</rasd:HostResource>
        <rasd:InstanceID>4</rasd:InstanceID>
        <rasd:Parent>3</rasd:Parent>
        <rasd:ResourceType>17</rasd:ResourceType>
      </Item>${isEfi ? efiOfVmware : ''}
    </VirtualHardwareSection>${isEfi ? efiOfVirtualBox(facts) : ''}
  </VirtualSystem>
</Envelope>
`
}

const efiNamespaces =
  ' xmlns:vmw="http://www.vmware.com/schema/ovf" xmlns:vbox="http://www.virtualbox.org/ovf/machine"'

const efiOfVmware = `
      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>`

/** VirtualBox takes the firmware from its own settings only, and with them the place of the disk. */
function efiOfVirtualBox({ name, machineId, diskId, cpus, memory }: OvfFacts): string {
  return `
    <vbox:Machine ovf:required="false" version="1.12-linux" uuid="{${machineId}}" name="${quoted(name)}" OSType="Other_64">
      <ovf:Info>Settings of VirtualBox</ovf:Info>
      <Hardware version="2">
        <CPU count="${cpus}" hotplug="false">
          <PAE enabled="true"/>
        </CPU>
        <Memory RAMSize="${memory / 1024 ** 2}" PageFusion="false"/>
        <Firmware type="EFI"/>
        <BIOS>
          <ACPI enabled="true"/>
          <IOAPIC enabled="true"/>
        </BIOS>
      </Hardware>
      <StorageControllers>
        <StorageController name="SCSI Controller" type="LsiLogic" PortCount="16" useHostIOCache="false" Bootable="true">
          <AttachedDevice type="HardDisk" port="0" device="0">
            <Image uuid="{${diskId}}"/>
          </AttachedDevice>
        </StorageController>
      </StorageControllers>
    </vbox:Machine>`
}

function quoted(text: string): string {
  return text.replaceAll(/[&<>"]/gu, (character) => escapes[character] ?? '')
}
