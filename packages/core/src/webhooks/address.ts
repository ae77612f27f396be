/**
 * Which network addresses a webhook may be sent to. A server that posts wherever a user says can be made to talk to what only
 * it can reach: its own ports, the home network, the metadata service of a cloud. So everything that is not an ordinary
 * address of the open internet is refused, also where it is wrapped in IPv6 (mapped, compatible, NAT64, 6to4, Teredo).
 * The operator may allow hosts and ranges by name.
 *
 * An address that cannot be read is refused. Pure: looking names up is the caller's part, and the answer of every look-up
 * must be judged here again at the moment of connecting.
 */

/** The 16 bytes of an IPv6 address, or the 4 of an IPv4 one. */
type Bytes = readonly number[];

const REFUSED_V4 = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ...["224.0.0.0/4", "240.0.0.0/4"],
].map(rangeOf);

/** Only 2000::/3 is the open internet; these parts of it are not. */
const GLOBAL_V6 = rangeOf("2000::/3");
const REFUSED_V6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"].map(rangeOf);

interface Range {
  readonly bytes: Bytes;
  readonly bits: number;
}

export interface AddressRules {
  readonly all: boolean;
  readonly hosts: ReadonlySet<string>;
  readonly ranges: readonly Range[];
}

/**
 * Reads the operator's list: host names, addresses and ranges, separated by commas, or `all`. Undefined where an item is
 * none of these.
 */
export function parseAddressRules(setting: string | undefined): AddressRules | undefined {
  const items = (setting ?? "").split(",").map((item) => item.trim().toLowerCase());
  const hosts = new Set<string>();
  const ranges: Range[] = [];
  let all = false;
  for (const item of items) {
    if (item === "") continue;
    const range = readRange(item);
    if (item === "all") all = true;
    else if (range !== undefined) ranges.push(range);
    else if (/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(item)) hosts.add(item);
    else return undefined;
  }
  return { all, hosts, ranges };
}

/** May a webhook go to this address? `host` is the name it was found under (or the address itself). */
export function mayConnect(address: string, host: string, rules: AddressRules): boolean {
  const bytes = parseAddress(address);
  if (bytes === undefined) return false;
  if (rules.all || rules.hosts.has(host.toLowerCase().replace(/\.$/, ""))) return true;
  const plain = unmapped(bytes);
  if (rules.ranges.some((range) => contains(range, plain) || contains(range, bytes))) return true;
  return isPublic(plain);
}

function isPublic(bytes: Bytes): boolean {
  if (bytes.length === 4) return !REFUSED_V4.some((range) => contains(range, bytes));
  return contains(GLOBAL_V6, bytes) && !REFUSED_V6.some((range) => contains(range, bytes));
}

/** An IPv4 address that is written as IPv6 (`::ffff:a.b.c.d`) is judged as what it is. */
function unmapped(bytes: Bytes): Bytes {
  const mapped = bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255;
  return mapped && bytes[11] === 255 ? bytes.slice(12) : bytes;
}

function contains(range: Range, bytes: Bytes): boolean {
  if (range.bytes.length !== bytes.length) return false;
  for (let bit = 0; bit < range.bits; bit += 8) {
    const mask = (0xff00 >> Math.min(8, range.bits - bit)) & 0xff;
    const index = bit >> 3;
    if (((range.bytes[index] ?? 0) & mask) !== ((bytes[index] ?? 0) & mask)) return false;
  }
  return true;
}

function rangeOf(text: string): Range {
  const range = readRange(text);
  if (range === undefined) throw new RangeError(`not a range: ${text}`);
  return range;
}

function readRange(text: string): Range | undefined {
  const [address = "", bits, ...rest] = text.split("/");
  const bytes = parseAddress(address);
  if (bytes === undefined || rest.length > 0) return undefined;
  const most = bytes.length * 8;
  if (bits === undefined) return { bytes, bits: most };
  const count = /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  return count <= most ? { bytes, bits: count } : undefined;
}

/** Dotted decimal or colon hexadecimal; brackets and a zone are taken off. Everything else is undefined. */
function parseAddress(text: string): Bytes | undefined {
  const bare = text.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "");
  return bare.includes(":") ? parseV6(bare) : parseV4(bare);
}

function parseV4(text: string): Bytes | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function parseV6(text: string): Bytes | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? "");
  const tail = groupsOf(halves[1] ?? "");
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (group.includes(".") && index === groups.length - 1) {
      const four = parseV4(group);
      if (four === undefined) return undefined;
      bytes.push(...four);
    } else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return undefined;
  }
  return bytes;
}
