import { isIP } from 'node:net'

import ipaddr from 'ipaddr.js'

/** A range of addresses, `10.0.0.0/8`. */
export type Range = readonly [Address, number]

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Special-purpose IPv4 (IANA's registry, read 2026-11-22), and one cloud platform's service address, which is public by its looks alone. */
const SPECIAL_IPV4 = ranges(
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '168.63.129.16/32',
)

/** All that is handed out for public use; everything else, the forms that embed an IPv4 address among it, is special. */
const PUBLIC_IPV6 = ranges('2000::/3')

/** Protocol assignments with Teredo, documentation, 6to4, and documentation again. */
const SPECIAL_IPV6 = ranges('2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20')

/** Where clouds tell a machine its own credentials, with the link-local nets they live in, and what no single host owns. Nobody may open these. */
const NEVER = ranges(
  '0.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  '::/128',
  'fe80::/10',
  'ff00::/8',
  'fd00:ec2::/32',
  'fd00:42::42/128',
  'fd20:ce::254/128',
)

/** The same services, for finding them inside an IPv6 address that a translator would turn back into IPv4. */
const METADATA_IPV4 = [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
].map((address) => ipaddr.IPv4.parse(address).toByteArray())

/**
 * Whether an address, in the plain form that a resolver gives, may be connected to: a public one, or one in a range that the operator
 * has opened. Metadata services stay closed whatever he opened.
 */
export function isAllowedAddress(text: string, opened: readonly Range[] = []): boolean {
  const address = parseAddress(text)
  if (address === undefined || isClosedForAll(address)) return false
  return isPublic(address) || isIn(address, opened)
}

/** Whether an address may be connected to at an origin that the operator named: all but metadata services. */
export function isTrustableAddress(text: string): boolean {
  const address = parseAddress(text)
  return address !== undefined && !isClosedForAll(address)
}

/** Reads the operator's ranges, `10.1.0.0/16` or `fd12::/48`. Throws on one that is no CIDR, naming it: a wrong setting must stop the start. */
export function ranges(...texts: readonly string[]): readonly Range[] {
  return texts.map((text) => {
    const [address = '', bits = ''] = text.split('/')
    const width = { 4: 32, 6: 128 }[isIP(address)]
    if (width === undefined || address.includes('%') || !/^\d{1,3}$/.test(bits) || Number(bits) > width) {
      throw new Error(`${text} is not a range of addresses such as 10.1.0.0/16 or fd12:3456::/48`)
    }
    return [parsePlain(address), Number(bits)]
  })
}

/** Whether two spellings are one address. */
export function isSameAddress(one: string, other: string): boolean {
  const [first, second] = [parseAddress(one), parseAddress(other)]
  return first !== undefined && second !== undefined && first.toNormalizedString() === second.toNormalizedString()
}

function parseAddress(text: string): Address | undefined {
  // A zone names one of this machine's own links.
  return isIP(text) === 0 || text.includes('%') ? undefined : parsePlain(text)
}

function parsePlain(text: string): Address {
  return isIP(text) === 4 ? ipaddr.IPv4.parse(text) : ipaddr.IPv6.parse(text)
}

function isPublic(address: Address): boolean {
  if (address.kind() === 'ipv4') return !isIn(address, SPECIAL_IPV4)
  return isIn(address, PUBLIC_IPV6) && !isIn(address, SPECIAL_IPV6) && !isIsatap(address)
}

function isClosedForAll(address: Address): boolean {
  return isIn(address, NEVER) || (address.kind() === 'ipv6' && embedsMetadata(address.toByteArray()))
}

/** ISATAP keeps an IPv4 address in the interface identifier of a public prefix (RFC 5214 §6.1, read 2026-11-22). */
function isIsatap(address: Address): boolean {
  const [, , , , , , , , flags = 0, zero, high, low] = address.toByteArray()
  return (flags & 0xfd) === 0 && zero === 0 && high === 0x5e && low === 0xfe
}

/**
 * Every known way to put an IPv4 address into an IPv6 one (mapped, translated, 6to4, ISATAP, RFC 6052) keeps its four bytes together,
 * some around the ninth byte of the whole, Teredo inverted. They are looked for at every place, so that no new way needs a new rule.
 */
function embedsMetadata(bytes: readonly number[]): boolean {
  const plain = [bytes, bytes.toSpliced(8, 1)]
  const inverted = plain.map((row) => row.map((byte) => byte ^ 0xff))
  return [...plain, ...inverted].some((row) =>
    METADATA_IPV4.some((service) => row.some((_, at) => service.every((byte, index) => row[at + index] === byte))),
  )
}

function isIn(address: Address, list: readonly Range[]): boolean {
  return list.some(([range, bits]) => {
    if (address instanceof ipaddr.IPv4) return range instanceof ipaddr.IPv4 && address.match(range, bits)
    return range instanceof ipaddr.IPv6 && address.match(range, bits)
  })
}
